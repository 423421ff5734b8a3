"""Wrong use of the command line gets one sentence that names the fault and the remedy, and leaves nothing behind."""

import pytest
from running import command

CASES = [
    # what is asked for; what the sentence must contain
    ("solve nonsense", "There is no problem 'nonsense'; the bundled ones are: advection-diffusion, allen-cahn"),
    ("solve hjb --wrong", "No such option: --wrong"),
    ("solve", "Missing argument"),
    ("nonsense", "No such command 'nonsense'"),
    ("solve hjb --set size=3", "has no setting 'size'; its settings are: dimension"),
    ("solve hjb --set dimension", "is not of the form name=value"),
    ("solve hjb --set =3", "is not of the form name=value"),
    ("solve hjb --set dimension=0", "dimension of 'hjb' is 0: it must be at least 1"),
    ("solve hjb --set dimension=-2", "it must be at least 1"),
    ("solve hjb --set dimension=2.5", "dimension of 'hjb' is 2.5: give a value of type int"),
    ("solve hjb --set dimension=many", "dimension of 'hjb' is 'many': give a value of type int"),
    ("solve hjb --set dimension=True", "give a value of type int"),
    ("solve poisson-2d --set dimension=3", "its settings are: none"),
    ("solve hjb --seconds 0", "seconds must be positive and finite, got 0"),
    ("solve hjb --seconds -5", "seconds must be positive"),
    ("solve hjb --seconds nan", "seconds must be positive and finite"),
    ("solve hjb --seconds inf", "seconds must be positive and finite"),
    ("solve hjb --seconds soon", "'--seconds'"),
    ("solve hjb --steps 0", "steps must be a whole number of at least 1, got 0"),
    ("solve hjb --steps -1", "steps must be a whole number of at least 1"),
    ("solve hjb --steps 1.5", "'--steps'"),
    ("solve hjb --evaluations 0", "evaluations must be"),
    ("solve hjb --evaluations nan", "--evaluations nan is not a finite number"),
    ("solve hjb --target-error 0", "target_error must be positive"),
    ("solve hjb --level 1", "level"),
    ("solve hjb --level 0", "level"),
    ("solve hjb --sigma 0", "sigma"),
    ("solve hjb --sigma -1", "sigma"),
    ("solve hjb --growth x", "growth"),
    ("solve hjb --derivatives finite-difference --step 0", "step"),
    ("solve hjb --derivatives finite-difference --order 3", "order"),
    ("solve hjb --derivatives guess", "'guess'"),
    ("solve hjb --derivatives autodiff --level 3", "--level is a setting of smolyak, not of autodiff"),
    ("solve hjb --step 0.1 --level 2", "--level, --step belong to no estimator together"),
    ("solve hjb --derivatives smolyak --step 0.1", "--step is a setting of finite-difference and random-directions, not of smolyak"),
    ("solve hjb --samples 0", "samples"),
    ("solve hjb --derivatives monte-carlo --sigma 0.1,0.2", "sigma has 2 entries"),
    ("solve hjb --directions 0", "directions"),
    ("solve hjb --directions 4 --distribution normal", "distribution"),
    ("solve hjb --level 2,2", "level has 2 entries"),
    ("solve hjb --level 3 --max-nodes 100", "max_nodes"),
    ("solve hjb --set dimension=249 --level 3", "125,501 nodes"),
    ("solve hjb --dtype int8", "dtype is 'int8': choose float32 or float64"),
    ("solve hjb --device abacus", "device 'abacus' cannot be used"),
    ("solve hjb --device meta", "device 'meta' cannot be used"),
    ("solve hjb --seed -1", "seed is -1: give the number that fixes the run, a whole number of at least 0"),
    ("solve hjb --points 0", "points is 0: give the collocation points of a step, a whole number of at least 1"),
    ("solve hjb --points -7", "points is -7"),
    ("solve hjb --points 1000000000000000", "of memory, "),
    ("solve hjb --points 1000000000000000 --memory 1e30", "This does not fit in memory: take fewer points or a smaller"),
    ("solve hjb --memory much", "memory is 'much': give a number of bytes, or a text such as '2 GB' or '512 MiB'"),
    ("solve hjb --memory 10MB", "but may take 10 MB: take "),
    ("solve hjb --checkpoint-every -1", "checkpoint_seconds is -1.0: give the seconds between two checkpoints"),
    ("solve hjb --estimate both", "estimate is 'both': choose 'network' or 'solution'"),
    ("solve hjb --trainer magic", "'magic'"),
    ("solve hjb --network magic", "'magic'"),
    ("solve hjb --weight edge=1", "weights names 'edge', but the soft conditions of this problem are: none"),
    ("solve poisson --weight edge=1", "the soft conditions of this problem are: 'boundary'"),
    ("solve poisson --weight boundary=0", "The weight of 'boundary' is 0: give a finite number greater than 0"),
    ("solve poisson --weight boundary=heavy", "--weight boundary=heavy is not a number"),
    ("solve poisson --weight boundary", "is not of the form name=value"),
    ("solve hjb --set dimension=5 --network paper", "inputs=21, but the problem has 6 variables"),
    ("solve hjb --network paper --width 8", "--width does not go with --network paper"),
    ("solve hjb --network dense --rank 2", "--rank is a setting of tensor trains: leave it out"),
    ("solve hjb --width 7", "width=7 has no factors"),
    ("solve hjb --width 0", "width"),
    ("solve hjb --depth 0", "depth"),
    ("solve hjb --rank 0", "rank"),
    ("solve hjb --activation sigmoidal", "sigmoidal"),
    ("solve missing.py", "There is no problem file missing.py"),
    ("solve missing.py:mine", "There is no problem file missing.py"),
    ("solve {}", "There is no problem"),
    ("solve hjb --output file", "The folder file cannot be written to (File exists): choose another one"),
    ("solve hjb --output file/inside", "The folder file/inside cannot be written to"),
    ("solve hjb --checkpoint file/inside", "The folder file/inside cannot be written to"),
    ("solve hjb --output /dev/null/x", "The folder /dev/null/x cannot be written to"),
    ("resume nowhere", "nowhere holds no checkpoint.safetensors: give the folder of a saved run"),
    ("resume file", "file holds no checkpoint.safetensors"),
    ("plot nowhere", "nowhere holds no solution.safetensors: give the folder of a saved run"),
    ("plot saved --axes z", "'z' is not a variable of the problem; they are x1, x2, t"),
    ("plot saved --axes x1,x2,t", "one variable or two"),
    ("plot saved --axes x1,x1", "one variable or two"),
    ("plot saved --axes x1 --at z=1", "'z' is not a variable"),
    ("plot saved --axes x1 --at x1=1", "x1 is held in at=, but it is also an axis"),
    ("plot saved --axes x1 --at t=noon", "--at t=noon is not a number"),
    ("plot saved --axes x1 --at t=1e999", "give a finite number"),
    ("list --wrong", "No such option: --wrong"),
    ("benchmark nonsense", "There is no problem 'nonsense'; the bundled ones are: advection-diffusion"),
    ("benchmark hjb nonsense", "There is no problem 'nonsense'"),
    ("benchmark hjb --seconds 0", "seconds must be positive and finite, got 0"),
    ("benchmark hjb --steps 0", "steps must be a whole number of at least 1, got 0"),
    ("benchmark hjb --seed -1", "seed is -1: give the number that fixes the runs"),
    ("benchmark hjb --set size=3", "None of the problems hjb has a setting 'size'"),
    ("benchmark hjb --set dimension=0", "dimension of 'hjb' is 0: it must be at least 1"),
    ("benchmark hjb --output file/inside", "The folder file/inside cannot be written to"),
    ("benchmark hjb --update --set dimension=2", "leave out --set"),
    ("new", "Missing argument"),
    ("new mine", "'mine' is no name for a problem file: give one that ends in .py"),
    ("new syntax.py", "syntax.py is there already: choose another name, or replace it with --force"),
    ("new nowhere/mine.py", "There is no folder nowhere: make it first"),
    ("new file/mine.py", "There is no folder file: make it first"),
    ("new folder.py --force", "folder.py is a folder: choose another name"),
    # files of the user's own
    ("solve syntax.py", "The problem file syntax.py fails with SyntaxError"),
    ("solve raises.py", "The problem file raises.py fails with ValueError: no"),
    ("solve exits.py", "The problem file exits.py fails with SystemExit"),
    ("solve bytes.py", "The problem file bytes.py fails with"),
    ("solve empty.py", "The problem file empty.py declares no problem: assign a pz.Problem to a name"),
    ("solve refused.py", "The problem file refused.py is refused."),
    ("solve two.py", "two.py declares first, second: choose one with two.py:NAME"),
    ("solve two.py:third", "two.py declares no 'third'; it declares first, second"),
    ("solve two.py:first --set size=1", "'first' has no setting 'size'; its settings are: none"),
    ("solve two.py:second", "'second' needs the setting size, which has no default"),
    ("solve two.py:second --set size=wrong", "Declaring 'second' fails with"),
    ("solve two.py:second --set size=0", "returned None, not a Problem"),
    ("solve cross.py --level 2 --growth odd", "level"),
    ("solve cross.py --level 3 --growth linear --sigma 0", "sigma"),
    ("solve folder.py", "There is no problem file folder.py"),
]  # fmt: skip

DECLARATION = """
import sympy as sp
import pinnzo as pz
x = pz.coordinates("x", 2)
u = sp.Function("u")(*x)
"""

FILES = {
    "file": "a regular file",
    "syntax.py": "x = (",
    "raises.py": "raise ValueError('no')",
    "exits.py": "import sys; sys.exit(0)",
    "empty.py": "y = 1",
    "refused.py": DECLARATION + "p = pz.Problem(sp.Eq(u, 0), pz.Ball(x, radius=-1))",
    "two.py": DECLARATION
    + """
first = pz.Problem(sp.Eq(u, 0), pz.Ball(x))
def second(size) -> pz.Problem:
    return pz.Problem(sp.Eq(u, 0), pz.Ball(x, radius=1 / (size - 1) if size else 1 / 0)) if size != 0 else None
""",
    "cross.py": DECLARATION
    + "p = pz.Problem(sp.Eq(u.diff(x[0], x[1]), 0), pz.Box({x: (0, 1)}), [sp.Eq(u.subs(x[0], 0), 0)])",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    run = command("solve", "hjb", "--set", "dimension=2", "--steps", 1, "--width", 8, "--quiet", "--output", folder)
    assert run.exit_code == 0
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, saved):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes.py").write_bytes(b"x = '\xff\x00'")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "saved").symlink_to(saved)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("TERMINAL_WIDTH", "400")
    return tmp_path


def contents(folder):
    return {f: f.stat().st_mtime_ns if f.is_file() else None for f in folder.rglob("*")}


@pytest.mark.parametrize(("arguments", "sentence"), CASES, ids=[case[0] for case in CASES])
def test_wrong_use_gets_a_sentence_and_exit_code_two(place, arguments, sentence):
    before = contents(place), contents(place / "saved")
    extra = []
    if arguments.startswith("solve ") and "--output" not in arguments:
        extra = ["--output", "new/run"]
    if arguments.startswith("solve ") and "--checkpoint" not in arguments:
        extra += ["--checkpoint", "new/checkpoint"]
    result = command(*arguments.split(), *extra)
    assert result.exit_code == 2, result.output
    assert sentence in " ".join(result.stderr.split()), result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert (contents(place), contents(place / "saved")) == before


def test_the_level_that_is_needed_is_named(place):
    del place
    result = command("solve", "cross.py", "--level", 2, "--growth", "odd")
    assert "level 3" in result.stderr or "level=3" in result.stderr
    assert command("solve", "cross.py", "--level", 3, "--growth", "odd", "--steps", 1, "--width", 8).exit_code == 0


def test_no_arguments_show_the_help():
    result = command()
    assert result.exit_code in (0, 2)
    assert "solve" in result.output


def test_damaged_files_get_a_sentence_too(place, saved):
    (place / "run").mkdir()
    content = (saved / "solution.safetensors").read_bytes()
    for name, asked in (("solution", "plot"), ("checkpoint", "resume")):
        (place / "run" / f"{name}.safetensors").write_bytes(content[:-9])
        result = command(asked, "run")
        assert result.exit_code == 2
        assert f"run/{name}.safetensors is damaged" in result.stderr
        assert "Traceback" not in result.output
