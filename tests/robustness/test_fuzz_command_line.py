"""The command line, given anything: exit code 0, 1 or 2, a sentence, no traceback, and no file lost."""

from __future__ import annotations

import os

import pytest
from fuzzing import FULL, attempt_command, fuzz
from hypothesis import given
from hypothesis import strategies as st
from running import command
from typer.main import get_command

from pinnzo.cli import app

TEXTS = st.text(max_size=6) | st.sampled_from(
    ["", " ", "-", "--", "=", "a=b", "é", "\udcff", "\0", "nan", "inf", "-inf", "1e999", "-1", "0", "1.5", "9" * 400,
     "1,2", "(1,)", "auto", "[red]", "None", "True", "__import__('os')", "..", "/", "/dev/null", "~", "%s", "{}", "x" * 300]
)  # fmt: skip
NUMBERS = st.integers(-3, 40).map(str) | st.floats(width=32).map(str) | st.sampled_from(
    ["1e-300", "-0.0", "nan", "inf", "10**30", "1" * 40, "0x10", "1_0", "٣", "0.1,0.1,0.1", "2,2,2", "auto"]
)  # fmt: skip
VALUES = NUMBERS | TEXTS
SETTINGS = (
    st.builds("{}={}".format, st.sampled_from(["dimension", "viscosity", "boundary", "t", "x1", "", "size"]), VALUES)
    | TEXTS
)
PLACES = st.sampled_from(
    ["file", "file/inside", "new", "binary.py", "saved", "cut", "empty", "/dev/null/x", "é", "a\0b", "x" * 300]
)
OPTIONS = {
    # of solve
    "--set": SETTINGS, "--trainer": VALUES | st.sampled_from(["hybrid", "rge", "cge", "first-order", "lbfgs"]),
    "--derivatives": TEXTS | st.sampled_from(["smolyak", "finite-difference", "monte-carlo", "random-directions", "autodiff"]),
    "--level": VALUES, "--sigma": VALUES, "--growth": TEXTS | st.sampled_from(["odd", "nested"]), "--max-nodes": VALUES,
    "--step": VALUES, "--order": VALUES, "--samples": VALUES, "--directions": VALUES, "--distribution": TEXTS,
    "--network": TEXTS | st.sampled_from(["dense", "paper", "tensor-train"]), "--width": VALUES, "--depth": VALUES,
    "--rank": VALUES, "--activation": TEXTS | st.sampled_from(["relu", "tanh"]), "--points": VALUES, "--seed": VALUES,
    "--dtype": TEXTS | st.sampled_from(["float32", "float16"]), "--device": TEXTS | st.sampled_from(["cuda", "meta"]),
    "--estimate": TEXTS | st.just("solution"), "--weight": SETTINGS, "--sampling": TEXTS | st.just("sobol"),
    "--balance": TEXTS | st.just("relobralo"), "--seconds": st.sampled_from(["0", "-1", "nan", "soon", "inf"]),
    "--evaluations": NUMBERS, "--target-error": NUMBERS, "--output": PLACES, "--checkpoint": PLACES,
    "--json": None, "--quiet": None, "--wrong": TEXTS,
}  # fmt: skip
OTHERS = {
    "--axes": TEXTS | st.sampled_from(["x1", "x1,x2", "x1,t", "t,t", "x1,x2,t"]), "--at": SETTINGS, "--force": None,
    "--update": None, "--trainers": TEXTS | st.sampled_from(["rge,cge", "rge,rge"]), "--seeds": VALUES, "--batch": VALUES,
    "--digits": None, "--data": PLACES, "--no-verify": None, "--baseline-derivatives": TEXTS, "--orders": VALUES, "--help": None,
}  # fmt: skip
EVERY = {**OPTIONS, **OTHERS}
PROBLEMS = (
    st.sampled_from(
        ["mine.py", "mine.py:mine", "mine.py", "mine.py:other", "missing.py", "binary.py", "folder.py", "cut.py"]
    )
    | TEXTS
)
COMMANDS = {
    "solve": PROBLEMS, "resume": PLACES, "plot": PLACES, "list": TEXTS, "new": PLACES | st.just("other.py"), "benchmark": PROBLEMS,
    "mnist": st.nothing(), "compare trainers": PROBLEMS, "compare derivatives": PROBLEMS, "compare mnist": st.nothing(), "compare": PROBLEMS, "": TEXTS,
}  # fmt: skip


def options_of(name: str) -> list[str]:
    """The options of a command, without those that would make it run for long, and one that does not exist."""
    found = get_command(app)
    for word in name.split():
        found = found.commands[word]
    names = {option for parameter in found.params for option in parameter.opts if option.startswith("--")}
    return [*sorted(names - {"--steps", "--update"}), "--wrong"]


MINE = """
import sympy as sp
import pinnzo as pz
x, t = pz.coordinates("x", 2), sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
mine = pz.Problem(sp.Eq(u.diff(t), pz.laplacian(u, x)), pz.Box({x: (0, 1), t: (0, 1)}), [sp.Eq(u.subs(t, 0), x[0]), pz.Boundary(u, 0, enforce="soft")])
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with files of all kinds, in which the commands run."""
    folder, before = tmp_path_factory.mktemp("place"), os.getcwd()
    os.chdir(folder)
    (folder / "mine.py").write_text(MINE)
    (folder / "cut.py").write_text(MINE[:-60])
    (folder / "binary.py").write_bytes(bytes(range(256)))
    (folder / "file").write_text("a regular file")
    (folder / "folder.py").mkdir()
    (folder / "empty").mkdir()
    for kind in ("saved", "cut"):
        done = command("solve", "mine.py", "--steps", 1, "--width", 8, "--points", 4, "--quiet", "--checkpoint", kind)
        assert done.exit_code == 0, done.output
    (folder / "saved" / "solution.safetensors").write_bytes((folder / "saved" / "checkpoint.safetensors").read_bytes())
    (folder / "cut" / "checkpoint.safetensors").write_bytes(
        (folder / "saved" / "checkpoint.safetensors").read_bytes()[:-30]
    )
    yield folder
    os.chdir(before)


@st.composite
def lines(draw, name):
    line, words = name.split(), COMMANDS[name]
    if not words.is_empty and draw(st.integers(0, 9)):
        line.append(draw(words))
    for option in draw(st.lists(st.sampled_from(options_of(name)), max_size=3, unique=True)):
        values = EVERY.get(option, VALUES)
        line += [option] if values is None else [option, draw(values)]
    # A run that is not refused ends at once, whatever was asked for before.
    if name in ("solve", "resume", "compare", "compare trainers", "compare mnist", "benchmark", "mnist"):
        line += ["--steps", "1"]
    if name == "solve" and "--width" not in line and "--network" not in line:
        line += ["--width", "8"]
    return line


def protected(folder):
    """What no wrong command may change."""
    names = ("mine.py", "cut.py", "binary.py", "file", "cut/checkpoint.safetensors")
    return {name: (folder / name).read_bytes() for name in names}


LONG = ("mnist", "compare mnist", "compare derivatives", "compare trainers", "compare", "benchmark")
"""Commands of which an odd but valid line may compute for seconds: a full run tries them."""


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if FULL or name not in LONG], ids=lambda name: name or "no command"
)
def test_command_line(place, name):
    before = protected(place)

    @fuzz(100 if name == "solve" else 30)
    @given(lines(name))
    def check(line):
        # An existing problem file is replaced on request only.
        if "--force" in line:
            line = [word if word != "binary.py" else "new.py" for word in line]
        attempt_command(f"command line ({name})", line)
        assert protected(place) == before

    check()
