"""Every Python example of the documentation runs, and every command in it is one that exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import pytest
import typer

import pinnzo
import pinnzo.comparison
import pinnzo.derivatives
import pinnzo.networks
import pinnzo.tasks
import pinnzo.training
from pinnzo.cli import app

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GENERATED = {"_build", "gallery"}
SOURCES = [page for page in sorted(DOCS.rglob("*.md")) if not GENERATED.intersection(page.parts)]
PAGES = {page.relative_to(ROOT).as_posix(): page for page in (ROOT / "README.md", *SOURCES)}
TEXTS = {name: page.read_text(encoding="utf-8") for name, page in PAGES.items()}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
EXAMPLES = [name for name, text in TEXTS.items() if BLOCK.search(text)]


def test_there_are_examples():
    wanted = {"README.md", "docs/index.md", "docs/get-started.md", "docs/levenberg-marquardt.md"}
    wanted |= {f"docs/concepts/{name}.md" for name in ("declare", "stencils", "tensor-trains", "zeroth-order")}
    assert wanted <= set(EXAMPLES)
    assert {page.stem for page in (DOCS / "how-to").glob("*.md")} <= {Path(name).stem for name in EXAMPLES}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name, tmp_path, monkeypatch):
    """The blocks of a page share their names, from top to bottom, as a reader types them in."""
    if "load_digits" in TEXTS[name]:
        pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    solve = pinnzo.solve

    def with_few_steps(problem, **settings):
        """What a page solves without saying for how long takes 45 seconds for its reader."""
        return solve(problem, **{"budget": pinnzo.Budget(steps=3), "progress": False, **settings})

    monkeypatch.setattr(pinnzo, "solve", with_few_steps)
    names = {"__name__": "__main__"}
    for match in BLOCK.finditer(TEXTS[name]):
        line = TEXTS[name].count("\n", 0, match.start()) + 1
        # Leading newlines make the line numbers of a traceback those of the page.
        exec(compile("\n" * line + match[1], str(PAGES[name]), "exec"), names)
    plt.close("all")


def commands_in(text: str) -> list[str]:
    """The calls of the command line: lines of shell blocks and what stands between backquotes."""
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    spans = re.findall(r"`(pinnzo [^`]+)`", FENCED.sub("", text))
    calls = re.compile(r"(?:^|&& |-m |\$ )pinnzo (.+?)(?: &&|$)")
    found = [call[1] for line in (*lines, *spans) if (call := calls.search(line.split("  #")[0].strip()))]
    return [" ".join(call.split()) for call in found]


COMMANDS = [(name, call) for name, text in TEXTS.items() for call in dict.fromkeys(commands_in(text))]


def test_there_are_commands():
    found = dict.fromkeys(call for _, call in COMMANDS)
    assert {"solve hjb", "new my_problem.py", "mnist --digits", "resume runs/hjb"} <= set(found)
    assert sum(name == "README.md" for name, _ in COMMANDS) > 10


@pytest.mark.parametrize(("name", "call"), COMMANDS, ids=[f"{name}: {call}" for name, call in COMMANDS])
def test_commands_exist(name, call):
    """The command is there, and so is each of its options; where a value is written, it is one that is allowed."""
    command, words = typer.main.get_command(app), shlex.split(call)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, f"{name}: there is no command {words[0]!r}"
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known | {"--help"}, name
    if "…" not in call and words:
        command.make_context(call, words)


def test_commands_that_do_not_exist_are_found():
    assert commands_in("```sh\npinnzo slove hjb  # so\n```") == ["slove hjb"]
    with pytest.raises(AssertionError, match="no command 'slove'"):
        test_commands_exist("a page", "slove hjb")
    with pytest.raises(AssertionError):
        test_commands_exist("a page", "solve hjb --secnods 3")
    with pytest.raises(Exception, match="is not one of"):
        test_commands_exist("a page", "solve hjb --trainer adam-and-eve")


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_exist(name):
    page = PAGES[name]
    text = FORMULA.sub("", FENCED.sub("", TEXTS[name]))
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        path = page.parent / target
        if path.parent.name == "gallery":  # made of the examples when the site is built
            path = ROOT / "examples" / ("GALLERY_HEADER.rst" if path.stem == "index" else f"{path.stem}.py")
        assert path.exists(), f"{name} links to {target}"


@pytest.mark.parametrize(
    "package",
    [pinnzo, pinnzo.derivatives, pinnzo.networks, pinnzo.training, pinnzo.comparison, pinnzo.tasks],
    ids=lambda p: p.__name__,
)
def test_every_public_name_is_in_the_reference(package):
    reference = "".join(text for name, text in TEXTS.items() if name.startswith("docs/api/"))
    listed = {path.rsplit(".", 1)[-1] for path in re.findall(r"auto(?:class|function|data):: (\S+)", reference)}
    source = Path(package.__file__)
    listing = source.with_suffix(".pyi") if source.with_suffix(".pyi").is_file() else source
    exported = re.findall(r"^from \S+ import \w+ as (\w+)$", listing.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {n for n in exported if not n.startswith("_") and not isinstance(getattr(package, n), ModuleType)}
    assert len(documented) > 5, "the package exports next to nothing"
    missing = sorted(documented - listed)
    assert not missing, f"{missing} of {package.__name__} need lines in a page of docs/api"


def test_the_citation_is_that_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == pinnzo.__version__
    (paper,) = re.findall(r"arXiv:(\S+?)\"", citation)
    assert f"https://arxiv.org/abs/{paper}" in citation
    assert paper in TEXTS["README.md"]
    families = re.findall(r"family-names: (\w+)", citation)
    authors = re.search(r"author += \{(.*)\}", TEXTS["docs/references.md"])[1]
    assert families == [author.split(",")[0] for author in authors.split(" and ")]
