"""The package loads at once, and what it does not need stays where it is."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import types

import pytest

import pinnzo as pz

SLOW = ("torch", "sympy", "numpy", "scipy", "matplotlib", "rich", "typer")
RESTARTS = 3


def told(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)


def test_the_import_takes_a_moment():
    program = "import json, time; t = time.process_time(); import pinnzo; print(json.dumps(time.process_time() - t))"
    assert min(told(program) for _ in range(RESTARTS)) < 0.3


@pytest.mark.skipif(
    os.environ.get("CI_QUIET") is None, reason="wall-clock times mean something on a quiet machine only"
)
def test_two_seconds_on_a_quiet_machine():
    program = (
        "import json, time; t = time.time(); import torch, pinnzo; pinnzo.solve; print(json.dumps(time.time() - t))"
    )
    assert min(told(program) for _ in range(RESTARTS)) < 2


@pytest.mark.parametrize(
    ("names", "absent"),
    [
        ("", SLOW),
        ("problem solve load Problem MLP", ("scipy", "matplotlib", "typer", "torch._dynamo", "pinnzo.comparison")),
        ("cli", ("scipy", "matplotlib.pyplot", "torch._dynamo")),
    ],
)
def test_what_is_not_needed_is_not_loaded(names, absent):
    asked = "".join(f"import pinnzo.{name}; " if name == "cli" else f"pinnzo.{name}; " for name in names.split())
    loaded = told(f"import json, sys, pinnzo; {asked}print(json.dumps(list(sys.modules)))")
    assert not set(absent) & set(loaded)
    assert "pinnzo" in loaded


def test_every_name_is_there():
    assert len(pz.__all__) > 50
    names = {name: getattr(pz, name) for name in pz.__all__}
    assert set(names) <= set(dir(pz))
    for name in ("comparison", "derivatives", "errors", "networks", "storage", "symbolic", "tasks", "training"):
        assert isinstance(names.pop(name), types.ModuleType)
    for name, value in names.items():
        assert callable(value), name
        assert not isinstance(value, types.ModuleType), name
    assert names["Box"] is importlib.import_module("pinnzo.symbolic").Box
    namespace = {}
    exec("from pinnzo import *", namespace)
    assert namespace["solve"] is names["solve"]


def test_submodules_are_attributes():
    modules = [m.name for m in pkgutil.iter_modules(pz.__path__)]
    assert {"errors", "training", "derivatives", "storage"} <= set(modules)
    for name in ("errors", "training", "derivatives", "storage"):
        assert getattr(pz, name).__name__ == f"pinnzo.{name}"


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="No pinnzo attribute Laplacian"):
        pz.Laplacian  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Laplacian'"):
        exec("from pinnzo import Laplacian")
    assert not hasattr(pz, "__wrapped__")
