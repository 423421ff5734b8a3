"""Bundled problems, and files of the user's own."""

import json
import sys

import pytest
import torch
from running import command, quick

import pinnzo as pz
from pinnzo.catalogue import entries_of

DECLARATION = """
import sympy as sp
import pinnzo as pz
x = pz.coordinates("x", 2)
u = sp.Function("u")(*x)
"""


@pytest.mark.parametrize("name", list(pz.problems()))
def test_bundled_problems_are_what_they_say(name):
    entry = pz.problems()[name]
    problem = pz.problem(name)
    assert problem.name == name
    assert problem.exact is not None
    assert entry.summary == problem.description
    assert len(entry.summary) > 20
    assert not entry.required
    json.dumps(entry.settings)


@pytest.mark.parametrize("name", [n for n, e in pz.problems().items() if "dimension" in e.settings])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_bundled_problems_in_other_dimensions(name, dimension):
    if (name, dimension) == ("two-body-poisson", 1):  # couples neighbours
        with pytest.raises(pz.PinnzoError, match="dimension"):
            pz.problem(name, dimension=dimension)
        return
    assert sum(s.name.startswith("x") for s in pz.problem(name, dimension=dimension).variables) == dimension


def test_names_with_either_kind_of_dash():
    assert pz.problem("poisson_2d").name == pz.problem("poisson-2d").name == "poisson-2d"


def test_each_call_declares_anew():
    assert pz.problem("hjb") is not pz.problem("hjb")


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("nonsense", {}, "There is no problem 'nonsense'; the bundled ones are: advection-diffusion, allen-cahn"),
        (3, {}, "There is no problem 3"),
        ("hjb", {"size": 3}, "has no setting 'size'; its settings are: dimension"),
        ("hjb", {"dimension": "3"}, "give a value of type int"),
        ("hjb", {"dimension": 0}, "at least 1"),
    ],
)
def test_what_is_not_there_is_refused(name, settings, named):
    with pytest.raises(pz.PinnzoError, match=named):
        pz.problem(name, **settings)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_problems.py"
    path.write_text(
        DECLARATION
        + '''
from dataclasses import dataclass

@dataclass
class Parameters:
    source: "float" = -4.0

plain = pz.Problem(sp.Eq(pz.laplacian(u, x), Parameters().source), pz.Ball(x), [pz.Boundary(u, 0)])
named = pz.Problem(sp.Eq(pz.laplacian(u, x), -1), pz.Ball(x), [pz.Boundary(u, 0)], name="my disc", description="mine")

def with_settings(source: float = -4.0, *ignored, **more) -> "pz.Problem":
    """Δu = source on the disc.

    More about it.
    """
    return pz.Problem(sp.Eq(pz.laplacian(u, x), sp.nsimplify(source)), pz.Ball(x), [pz.Boundary(u, 0)])

def needy(source) -> pz.Problem:
    return with_settings(source)

def helper(n):
    return n

from pinnzo import problem
'''
    )
    return path


def test_a_file_declares_objects_and_functions(file):
    entries = entries_of(file)
    assert list(entries) == ["plain", "named", "with-settings", "needy"]
    assert entries["plain"].build().name == "plain"
    assert entries["named"].build().name == "my disc"
    assert entries["named"].build().description == "mine"
    assert entries["with-settings"].settings == {"source": -4.0}
    assert entries["with-settings"].summary == "Δu = source on the disc."
    assert entries["with-settings"].build(source=-2).equation.rhs == -2
    assert entries["needy"].required == ("source",)
    assert entries["needy"].build(source=-3).equation.rhs == -3
    with pytest.raises(pz.PinnzoError, match="needs the setting source"):
        entries["needy"].build()


@pytest.mark.parametrize("annotation", ["pz.Problem", '"pz.Problem"', "'Problem'"])
@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_every_way_to_write_the_annotation(tmp_path, annotation, future):
    text = f"{future}\n{DECLARATION}def mine() -> {annotation}:\n    return pz.Problem(sp.Eq(u, 0), pz.Ball(x))\n"
    (tmp_path / "one.py").write_text(text)
    assert entries_of(tmp_path / "one.py")["mine"].build().name == "mine"


def test_nothing_is_left_beside_the_file_or_in_python(file):
    modules = set(sys.modules)
    entries_of(file)
    assert [f.name for f in file.parent.iterdir()] == [file.name]
    assert {m for m in set(sys.modules) - modules if "my_problems" in m} == set()


@pytest.mark.parametrize(
    ("which", "settings"),
    [("plain", ()), ("named", ()), ("with_settings", ("--set", "source=-2")), ("needy", ("--set", "source=-2.5"))],
)
def test_problems_of_a_file_are_solved(file, tmp_path, which, settings):
    run = ("--steps", 1, "--width", 8, "--points", 10, "--quiet", "--json", "--output", tmp_path / "run")
    result = command("solve", f"{file}:{which}", *settings, *run)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["problem"] == {"named": "my disc"}.get(which, which.replace("_", "-"))
    assert data["relative_l2"] is None
    assert pz.load(tmp_path / "run").steps == 1


def test_a_file_with_one_problem_needs_no_name(tmp_path):
    for text in ("alone = pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)])",
                 "def alone() -> pz.Problem:\n    return pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)])"):  # fmt: skip
        (tmp_path / "one.py").write_text(DECLARATION + text)
        result = command("solve", tmp_path / "one.py", "--steps", 1, "--width", 8, "--points", 10, "--quiet", "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["problem"] == "alone"


def test_what_a_file_prints_comes_before_the_result(tmp_path):
    text = "print('hello')\np = pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)])"
    (tmp_path / "one.py").write_text(DECLARATION + text)
    lines = command("solve", tmp_path / "one.py", "--steps", 1, "--width", 8, "--quiet", "--json").stdout.splitlines()
    assert lines[0] == "hello"
    assert json.loads(lines[-1])["steps"] == 1


def test_bundled_and_declared_by_hand_are_the_same_run():
    assert torch.equal(quick("heat").theta, quick(pz.problem("heat", dimension=2)).theta)
