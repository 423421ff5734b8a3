"""What a run shows: a live line in a terminal, plain lines elsewhere, and never anything on standard output."""

import ast
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from running import disc, quick

import pinnzo as pz
from pinnzo import progress
from pinnzo.progress import ProgressDisplay
from pinnzo.training import History


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=160)


def shown(states, terminal=False, title="hjb", budget=None, **settings):
    to = console(terminal)
    with ProgressDisplay(title, budget or pz.Budget(steps=4), console=to, **settings) as display:
        for state in states:
            display.update(state)
    return to.file.getvalue()


@pytest.fixture(scope="module")
def states():
    seen = []

    class Watching(ProgressDisplay):
        def update(self, state):
            # The history goes on growing.
            seen.append(replace(state, history=History(list(state.history))))

    patch = pytest.MonkeyPatch()
    patch.setattr("pinnzo.runs.ProgressDisplay", Watching)
    quick()
    patch.undo()
    return seen


def test_plain_lines_where_there_is_no_terminal(monkeypatch, states):
    assert len(shown(states).splitlines()) == 1  # one at once, then one every few seconds
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0.0)
    lines = shown(states).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("hjb: step 1, loss ")
    assert "error " in lines[0]
    assert " evaluations/s, " in lines[0]
    assert lines[0].endswith(" s left")
    assert "\x1b" not in "".join(lines)


def test_a_live_line_in_a_terminal(states):
    text = shown(states, terminal=True)
    assert "\x1b[" in text
    assert "hjb" in text
    assert "loss" in text
    assert "\x1b[?25h" in text  # the cursor comes back


def test_the_terminal_is_restored_after_an_error(states):
    to = console(True)

    def fail():
        with ProgressDisplay("hjb", pz.Budget(steps=4), console=to) as display:
            display.update(states[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "\x1b[?25h" in to.file.getvalue()  # the cursor comes back


@pytest.mark.parametrize("terminal", [True, False])
def test_names_are_shown_as_they_are(states, terminal):
    assert "[/bold] [red]u[/]" in shown(states, terminal, title="[/bold] [red]u[/]")


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_shown_when_it_is_not_wanted(states, terminal):
    assert shown(states, terminal, shown=False) == ""


def test_the_share_of_the_budget(states):
    def fraction(state, **limits):
        return ProgressDisplay("", pz.Budget(**limits), shown=False).fraction(state)

    assert [fraction(s, steps=4) for s in states] == [0.25, 0.5, 0.75, 1]
    assert fraction(states[0], steps=4, evaluations=states[0].evaluations * 2) == 0.5
    assert fraction(states[0], seconds=1e-9) == 1
    assert fraction(states[0], target_error=0.1) == 0
    line = ProgressDisplay("", pz.Budget(target_error=0.1), shown=False).line(states[0])
    assert "left" not in line


def test_without_an_exact_solution_no_error_is_shown(capfd):
    quick(disc(), progress=True)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("problem: step 1, loss ")
    assert "error" not in captured.err


def test_a_solution_says_nothing_on_standard_output(capfd, tmp_path):
    solution = quick(progress=True, checkpoint=tmp_path)
    solution.save(tmp_path)
    solution.error()
    solution.plot_history()
    pz.load(tmp_path)
    pz.resume(tmp_path)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("poisson-2d: step 1, loss ")
    quick(progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_library_has_no_print():
    for path in Path(pz.__file__).parent.rglob("*.py"):
        if path.parent.name == "templates":  # becomes a file of the user's
            continue
        calls = (n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
        assert not any(isinstance(f, ast.Name) and f.id == "print" for f in calls), path


def test_notes_of_the_problem_come_first(states):
    text = shown(states, notes=("the data disagree at the corner.",))
    assert text.splitlines()[0] == "Note: the data disagree at the corner."
    assert "Note" not in shown(states, shown=False, notes=("the data disagree at the corner.",))
