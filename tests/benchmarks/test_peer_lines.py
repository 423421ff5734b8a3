"""The lines of a declaration are those that say something."""

from benchmarks.peers.lines import declaration_lines


def undecorated(function):
    return function


@undecorated
def declared(dimension):
    """A docstring

    of several lines.
    """
    # A comment.
    text = """two
    lines"""  # a comment after code

    return (
        dimension,
        text,
    )


def test_docstring_comments_blank_lines_and_decorators_do_not_count():
    assert declaration_lines(declared) == 7


def test_functions_inside_count_and_their_indentation_does_not_matter():
    def outer():
        def inner(x):
            return x

        return inner

    assert declaration_lines(outer) == 4
