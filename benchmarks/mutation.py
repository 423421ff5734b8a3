"""Do the tests notice a mistake? Mutation testing of the numerical core, in forks of one process.

    python benchmarks/mutation.py [--mutants 20] [--seed 0] [--output FOLDER] [MODULE …]

Each mutant is one module with one small change within a function: an operator, a comparison, a constant, a condition or
a statement that is left out; messages of errors are spared. The changed function's code replaces that of the imported
one in a fork, which runs the tests that belong to the module with ``-x``. A mutant that no test notices has *survived*;
some of those compute the same as before. Changes are drawn at random from a seed. Time-outs count processor time, so
that a busy machine kills no mutants. Writes mutation.json and mutation.md. Needs Python 3.11 and ``fork``.
"""

from __future__ import annotations

import argparse
import ast
import copy
import functools
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / part) for part in ("", "derivatives", "training"))]

TESTS = {
    "symbolic.compiler": ["symbolic/test_compiler.py", "symbolic/test_systems.py"],
    "symbolic.lowering": ["symbolic/test_lowering.py", "symbolic/test_forms.py", "symbolic/test_bad_input.py"],
    "symbolic.ansatz": [
        "symbolic/test_problem.py",
        "symbolic/test_boundary.py",
        "symbolic/test_initial_velocity.py",
        "symbolic/test_periodic.py",
        "symbolic/test_bad_input.py",
    ],
    "derivatives.stencil": [
        "derivatives/test_stencil.py",
        "derivatives/test_smolyak.py",
        "derivatives/test_evaluation.py",
        "test_smoothed.py",
    ],
    "derivatives.smolyak": [
        "derivatives/test_smolyak.py",
        "derivatives/test_steps.py",
        "derivatives/test_sparse_grid.py",
    ],
    "derivatives.smolyak_stencil": [
        "derivatives/test_smolyak.py",
        "derivatives/test_sparse_grid.py",
        "derivatives/test_stencil.py",
    ],
    "derivatives.genz_keister": ["derivatives/test_genz_keister.py"],
    "derivatives.finite_difference": [
        "derivatives/test_finite_difference.py",
        "derivatives/test_stencil.py",
        "derivatives/test_convergence.py",
    ],
    "networks.tensor_train": [
        "networks/test_tensor_train.py",
        "networks/test_layered.py",
        "networks/test_sweeps.py",
    ],
    "networks.contraction": ["networks/test_tensor_train.py", "networks/test_layered.py"],
    **{
        f"networks.sweeps.{part}": [
            "networks/test_sweeps.py",
            "networks/test_weighted_sweeps.py",
            "training/test_sweeps_in_training.py",
        ]
        for part in ("coordinate", "cores", "node_weights", "parts", "unperturbed", "weighted")
    },
    "training.levenberg_marquardt": ["training/test_levenberg_marquardt.py"],
    "training.zeroth_order": ["training/test_zeroth_order.py"],
    "training.hybrid": ["training/test_hybrid.py"],
    "training.random_gradient": ["training/test_random_gradient.py"],
    "training.coordinate_gradient": ["training/test_coordinate_gradient.py"],
    "training.update": ["training/test_zeroth_order.py", "training/test_first_order.py"],
}
"""The modules that are changed, and the tests that have to notice."""

SWAPS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Mod: ast.Mult, ast.MatMult: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
MEMORY = 12 << 30
REWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis is imported before the fork
LEAST_SECONDS = 20


Change: TypeAlias = tuple[str, str, types.CodeType]
"""The file, the function's name, and the code of the module with the change."""


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """What may be put in place of a node, with a word about it; None leaves a statement out."""
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        other = copy.deepcopy(node)
        other.op = SWAPS[type(node.op)]()
        yield f"{type(node.op).__name__} → {type(other.op).__name__}", other
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        other = copy.deepcopy(node)
        other.ops[0] = SWAPS[type(node.ops[0])]()
        yield f"{type(node.ops[0]).__name__} → {type(other.ops[0]).__name__}", other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield f"without {type(node.op).__name__}", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        value = node.value
        new = (not value) if isinstance(value, bool) else value + 1 if isinstance(value, int) else 2 * value or 1.0
        yield f"{value!r} → {new!r}", ast.Constant(new)
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        other = copy.deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield f"{type(node).__name__.lower()} not", other
    elif isinstance(node, (ast.Assign, ast.Expr, ast.AugAssign)) and not _is_text(node):
        yield "statement left out", None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def sites(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, str, ast.AST, int, str]]:
    """All changes of a module: the outermost function, its name, the node, and which change it is."""

    def functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
        for item in body:
            if isinstance(item, ast.FunctionDef):
                yield prefix + item.name, item
            elif isinstance(item, ast.ClassDef):
                yield from functions(item.body, f"{prefix}{item.name}.")

    def within(node: ast.AST) -> Iterator[ast.AST]:
        # Neither messages nor annotations.
        if isinstance(node, (ast.Raise, ast.JoinedStr)):
            return
        yield node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from within(child)

    for name, function in functions(tree.body, ""):
        for statement in function.body:
            for node in within(statement):
                for which, (word, _) in enumerate(changes(node)):
                    yield function, name, node, which, word


def mutated(source: str, path: str, number: int) -> tuple[str, int, str, types.CodeType]:
    """The change with that number: the function's name, the line, a word about it, and the module's code with it."""
    tree = ast.parse(source)
    _, name, place, which, word = list(sites(tree))[number]
    replacement = list(changes(place))[which][1]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is not place:
                return super().visit(node)
            return ast.copy_location(ast.Pass() if replacement is None else replacement, node)

    line = place.lineno
    Replace().visit(tree)
    code = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
    return name, line, word, code


def code_of(code: types.CodeType, name: str) -> types.CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_qualname == name:
                return constant
            if found := code_of(constant, name):
                return found
    return None


def put_in(path: str, name: str, code: types.CodeType) -> bool:
    """Give the imported function of that name other code, wherever it is referred to from."""
    new = code_of(code, name)
    if new is None:
        return False
    old = [f for f in gc.get_objects() if isinstance(f, types.FunctionType) and f.__code__.co_filename == path]
    old = [f for f in old if f.__code__.co_qualname == name]
    # What was computed and kept before the fork would hide the change.
    for kept in gc.get_objects():
        if isinstance(kept, functools._lru_cache_wrapper) and str(kept.__module__).startswith("pinnzo"):
            kept.cache_clear()
    for function in old:
        try:
            function.__code__ = new
        except (ValueError, TypeError):
            return False
    return bool(old)


def run_tests(
    files: list[str], seconds: float, change: tuple[str, str, types.CodeType] | None = None
) -> tuple[str, float]:
    """Run the tests in a fork, with a change: what came of it, and its processor time."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            if change is None or put_in(*change):
                import pytest

                code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-W", REWRITTEN, *files]))
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    spent = used.ru_utime + used.ru_stime
    if os.WIFSIGNALED(status):
        return ("time-out" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "killed"), spent
    return {0: "survived", 99: "impossible"}.get(os.WEXITSTATUS(status), "killed"), spent


def table(results: list[dict[str, object]]) -> str:
    """The counts of each module, and the survivors, as Markdown."""
    lines = [
        "| module | mutants | killed | of these by time-out | survived | share killed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for module in [*dict.fromkeys(r["module"] for r in results), None]:
        some = [r for r in results if module in (r["module"], None)]
        ended = [r["ending"] for r in some]
        survived = ended.count("survived")
        share = 1 - survived / max(1, len(some))
        name, killed = f"`{module}`" if module else "all", len(some) - survived
        lines.append(f"| {name} | {len(some)} | {killed} | {ended.count('time-out')} | {survived} | {share:.0%} |")
    lines += ["", "Survivors:", ""]
    lines += [
        f"- `{r['module']}`, line {r['line']}, `{r['function']}`: {r['change']}"
        for r in results
        if r["ending"] == "survived"
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="How many changed programs the tests notice.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"some of {', '.join(TESTS)}; all by default")
    parser.add_argument("--mutants", type=int, default=20, help="of each module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path())
    settings = parser.parse_args()
    if unknown := [name for name in settings.modules if name not in TESTS]:
        parser.error(f"no such module: {', '.join(unknown)}")
    os.chdir(ROOT)
    settings.output.mkdir(parents=True, exist_ok=True)
    for name in ("pytest", "hypothesis", "scipy.stats", "pinnzo", "pinnzo.cli"):
        importlib.import_module(name)
    gc.collect()
    results: list[dict[str, object]] = []
    for module in settings.modules or TESTS:
        path = importlib.import_module(f"pinnzo.{module}").__file__ or ""
        source = Path(path).read_text(encoding="utf-8")
        files = [path, *(str(ROOT / "tests" / name) for name in TESTS[module])]
        start = time.monotonic()
        ending, usual = run_tests(files, 600)
        if ending != "survived":
            sys.exit(f"The tests of {module} fail without any change: mend them first.")
        total = len(list(sites(ast.parse(source))))
        order = random.Random(f"{settings.seed} {module}").sample(range(total), total)
        tried = 0
        for number in order:
            if tried == settings.mutants:
                break
            name, line, word, code = mutated(source, path, number)
            ending, spent = run_tests(files, LEAST_SECONDS + 3 * usual, (path, name, code))
            if ending == "impossible":
                continue
            tried += 1
            results.append(
                {
                    "module": module,
                    "line": line,
                    "function": name,
                    "change": word,
                    "ending": ending,
                    "seconds": round(spent, 1),
                }
            )
            (settings.output / "mutation.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            (settings.output / "mutation.md").write_text(table(results), encoding="utf-8")
        survived = sum(r["module"] == module and r["ending"] == "survived" for r in results)
        print(
            f"{module}: {tried - survived} of {tried} killed, of {total} changes; {time.monotonic() - start:.0f} s",
            flush=True,
        )
    print(table(results))


if __name__ == "__main__":
    main()
