"""Problem files with a token changed: a problem that compiles, or a sentence about the file, never a fault of pinnzo."""

from __future__ import annotations

import io
import os
import tokenize
import traceback
from pathlib import Path

import pytest
from fuzzing import REFUSED, attempt, fuzz
from hypothesis import given
from hypothesis import strategies as st

import pinnzo
import pinnzo as pz
from pinnzo import catalogue
from pinnzo.errors import PinnzoError
from pinnzo.symbolic.compiler import CompiledProblem

PACKAGE = os.path.dirname(pinnzo.__file__) + os.sep
PROBLEMS = catalogue.problem_folder()
SOURCES = {path.stem: path.read_text() for path in (
    Path(PACKAGE, "templates", "problem.py"), *(PROBLEMS / f"{name}.py" for name in ("poisson", "heat", "wave", "plate", "korteweg_de_vries"))
)}  # fmt: skip
WORDS = [
    "0", "1", "-1", "2.5", "float('nan')", "sp.oo", "sp.nan", "sp.I", "1e308", "None", "[]", "()", "{}", "''", "'x'", "x", "t", "u", "y",
    "sp.Symbol('x')", "sp.Symbol('k')", "sp.Function('w')(t)", "u.diff(t)", "u.subs(t, 0)", "+", "-", "*", "/", "**", "==", ",", ".", "(", ")", "pz",
    "sp.Abs", "sp.zeta", "sp.log", "lambda p: p", "True", "object()", "\0", "é", "𝑥", "\udc80", "sp.Eq(u, 0)", "sp.Matrix([1])", "import", "if", "raise",
]  # fmt: skip


def tokens(source: str) -> list[tokenize.TokenInfo]:
    kinds = (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
    return [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type in kinds]


TOKENS = {name: tokens(source) for name, source in SOURCES.items()}


@st.composite
def mutated(draw):
    """A file in which one or two tokens are missing, doubled, exchanged for another or replaced."""
    name = draw(st.sampled_from(sorted(SOURCES)))
    lines = SOURCES[name].splitlines(keepends=True)
    # From the end, so that places before it keep their columns.
    some = draw(st.lists(st.integers(0, len(TOKENS[name]) - 1), min_size=1, max_size=2, unique=True))
    for which in sorted(some, reverse=True):
        token, other = TOKENS[name][which], TOKENS[name][draw(st.integers(0, len(TOKENS[name]) - 1))]
        new = draw(st.sampled_from(["", f"{token.string} {token.string}", other.string]) | st.sampled_from(WORDS))
        row = token.start[0] - 1
        lines[row] = f"{lines[row][: token.start[1]]}{new}{lines[row][token.end[1] :]}"
    return "".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutants")


def own_fault(error: PinnzoError) -> str | None:
    """Where pinnzo itself failed although the file's author sees a sentence about his file."""
    if error.__cause__ is None or isinstance(error.__cause__, PinnzoError):
        return None
    frames = [
        f for f in traceback.extract_tb(error.__cause__.__traceback__) if f.filename.startswith((PACKAGE, "/tmp"))
    ]
    if frames and frames[-1].filename.startswith(PACKAGE) and not frames[-1].filename.endswith("catalogue.py"):
        return f"{frames[-1].filename}:{frames[-1].lineno} {error.__cause__!r}"
    return None


@fuzz(140)
@given(mutated())
def test_mutants_of_problem_files(folder, source):
    path = folder / "mutant.py"
    path.write_bytes(source.encode("utf-8", "surrogatepass"))

    def declare():
        try:
            entry = next(iter(catalogue.entries_of(path).values()))
            return entry.build()
        except PinnzoError as error:
            if fault := own_fault(error):
                raise AssertionError(fault) from error
            raise

    problem = attempt("problem files", source, declare)
    if problem is not REFUSED:
        assert isinstance(problem, pz.Problem)
        attempt("problem files that declare something", source, lambda: CompiledProblem(problem))


@fuzz(60)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-16")))
def test_files_of_any_bytes(folder, content):
    path = folder / "bytes.py"
    path.write_bytes(content)
    attempt("problem files of random bytes", content, lambda: catalogue.entries_of(path))
