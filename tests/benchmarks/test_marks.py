"""Where tables stand in Markdown."""

from __future__ import annotations

import pytest

from benchmarks.tables.marks import MarkError, filled, places

TEXT = "a\n<!-- table x -->\n| 1 |\n| 2 |\n<!-- end of table x -->\nb\n<!-- table y -->\n<!-- end of table y -->\n"


def test_places():
    assert [(p.name, p.line, p.text) for p in places(TEXT, "page")] == [("x", 2, "| 1 |\n| 2 |"), ("y", 7, "")]


def test_filled():
    once = filled(TEXT, "page", lambda name: f"new\n{name}")
    assert once == (
        "a\n<!-- table x -->\nnew\nx\n<!-- end of table x -->\nb\n<!-- table y -->\nnew\ny\n<!-- end of table y -->\n"
    )
    assert filled(once, "page", lambda name: f"new\n{name}") == once


def test_an_empty_line_between_marks_is_replaced():
    text = "<!-- table x -->\n\n<!-- end of table x -->"
    assert filled(text, "page", str.upper) == "<!-- table x -->\nX\n<!-- end of table x -->"


def test_other_marks_are_left_alone():
    text = "<!-- benchmark -->\n1\n<!-- end of benchmark -->\n<!-- what it shows -->\nSee `<!-- table x -->`."
    assert filled(text, "page", str.upper) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\n<!-- table x -->\n", r"page, line 2: <!-- table x --> has no end"),
        ("<!-- table x -->\n<!-- table y -->\n<!-- end of table y -->", r"line 1: <!-- table x --> has no end"),
        ("<!-- table x -->\n<!-- end of table y -->", r"line 2: <!-- end of table y --> ends no table"),
        ("<!-- end of table y -->", r"line 1: <!-- end of table y --> ends no table"),
    ],
)
def test_marks_that_do_not_belong_together(text, sentence):
    with pytest.raises(MarkError, match=sentence):
        places(text, "page")
