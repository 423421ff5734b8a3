"""Figures: what they show and how it is labelled."""

import io

import numpy as np
import pytest
import sympy as sp
from matplotlib.figure import Figure
from running import disc, never_finite, quick

import pinnzo as pz
from pinnzo.plotting import plot_history
from pinnzo.training import History, Record


def drawn(figure):
    """Figures are laid out only when they are drawn, and may warn only then."""
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO(), dpi=40)
    return figure


def test_a_plane_shows_solution_exact_solution_and_error(solution):
    x, y = solution.problem.variables
    figure = drawn(solution.plot_slice(x, y, points=5))
    panels, bars = figure.axes[:3], figure.axes[3:]
    assert [a.get_title() for a in panels] == ["solution", "exact", "|error|"]
    assert [a.get_xlabel() for a in panels] == ["$x$"] * 3
    assert panels[0].get_ylabel() == "$y$"
    assert len(bars) == 3
    # Solution and exact solution are told apart by their values, so they share one scale.
    assert panels[0].collections[0].get_clim() == panels[1].collections[0].get_clim()
    assert panels[2].collections[0].get_clim()[0] == 0
    shown = panels[2].collections[0].get_array().reshape(5, 5)
    slice_ = solution.slice(x, y, points=5)
    np.testing.assert_allclose(shown, abs(slice_.values - slice_.exact).T)
    assert figure.get_suptitle() == "poisson-2d"


def test_a_plane_without_an_exact_solution_shows_the_solution_alone():
    solution = quick(disc())
    figure = drawn(solution.plot_slice(*solution.problem.variables, points=5))
    assert len(figure.axes) == 2  # with its colour bar


def test_a_line_shows_both_curves_and_the_error(solution):
    x, y = solution.problem.variables
    figure = drawn(solution.plot_slice(x, at={y: 0.25}, points=5))
    values, error = figure.axes
    assert [line.get_label() for line in values.lines] == ["pinnzo", "exact"]
    assert values.get_xlabel() == error.get_xlabel() == "$x$"
    assert error.get_ylabel() == "|error|"
    assert figure.get_suptitle() == "poisson-2d — $y$ = 0.25"
    np.testing.assert_array_equal(values.lines[0].get_ydata(), solution.slice(x, at={y: 0.25}, points=5).values)


def test_a_line_without_an_exact_solution():
    solution = quick(disc())
    assert len(drawn(solution.plot_slice(solution.problem.variables[0])).axes) == 1


def test_the_title_says_where_the_slice_lies():
    solution = quick("hjb", budget=pz.Budget(steps=1))
    *x, t = solution.problem.variables
    title = solution.plot_slice(x[0], x[1], at={t: 0.1}, points=3).get_suptitle()
    assert title == "hjb — $x_{3}$, …, $x_{20}$ = 0.5; $t$ = 0.1"


def test_an_exact_solution_that_is_undefined_at_the_corners():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    dome = sp.sqrt(1 - x[0] ** 2 - x[1] ** 2)
    solution = quick(pz.Problem(sp.Eq(u, dome), pz.Ball(x), exact=dome))
    drawn(solution.plot_slice(*x, points=9))
    drawn(solution.plot_slice(x[0], at={x[1]: 0.9}, points=9))


def test_a_history_shows_loss_and_error_against_evaluations_and_time(solution):
    figure = drawn(solution.plot_history())
    loss, _, error, timed = figure.axes
    assert len(figure.axes) == 4
    assert (loss.get_ylabel(), error.get_ylabel()) == ("loss", "relative $L_2$ error")
    assert (error.get_xlabel(), timed.get_xlabel()) == ("network evaluations", "training time (s)")
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), solution.history.column("loss"))
    labels = [line.get_label() for line in error.lines]
    assert labels == ["trained network", "zero network"]
    assert all(a.get_yscale() == "log" for a in figure.axes)


def test_a_history_without_errors_shows_the_loss_alone():
    assert len(drawn(quick(disc()).plot_history()).axes) == 2


@pytest.mark.parametrize(
    "history",
    [History(), History([Record(1)]), History([Record(1, 1.0, 1.0, 0.1, 5, 0.1)])],
    ids=["empty", "nan", "one"],
)
def test_histories_with_next_to_nothing_in_them(history):
    drawn(plot_history(history, title="a_b", zero_network=0.5))


def test_a_run_that_never_was_finite_can_be_drawn():
    solution = quick(never_finite())
    drawn(solution.plot_history())
    drawn(solution.plot_slice(*solution.problem.variables, points=5))


def test_no_window_and_no_global_state(solution):
    import matplotlib.pyplot as plt

    # Examples that other tests have run may have left some.
    before = plt.get_fignums()
    solution.plot_history()
    assert plt.get_fignums() == before
