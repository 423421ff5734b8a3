"""Every Python example of the documentation runs."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import pinnzo
import pinnzo.comparison
import pinnzo.derivatives
import pinnzo.networks
import pinnzo.tasks
import pinnzo.training

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {page.relative_to(DOCS).as_posix(): page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {name: page for name, page in PAGES.items() if BLOCK.search(page.read_text(encoding="utf-8"))}


def test_there_are_examples():
    assert {"index.md", "get-started.md", "levenberg-marquardt.md"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name, tmp_path, monkeypatch):
    """The blocks of a page share their names, from top to bottom, as a reader types them in."""
    if "load_digits" in EXAMPLES[name].read_text(encoding="utf-8"):
        pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    text = EXAMPLES[name].read_text(encoding="utf-8")
    names = {"__name__": "__main__"}
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        # Leading newlines make the line numbers of a traceback those of the page.
        exec(compile("\n" * line + match[1], str(EXAMPLES[name]), "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_exist(name):
    page = PAGES[name]
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{name} links to {target}"


@pytest.mark.parametrize(
    "package",
    [pinnzo, pinnzo.derivatives, pinnzo.networks, pinnzo.training, pinnzo.comparison, pinnzo.tasks],
    ids=lambda p: p.__name__,
)
def test_every_public_name_is_in_the_reference(package):
    reference = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md"))
    listed = {path.rsplit(".", 1)[-1] for path in re.findall(r"auto(?:class|function):: (\S+)", reference)}
    source = Path(package.__file__)
    listing = source.with_suffix(".pyi") if source.with_suffix(".pyi").is_file() else source
    exported = re.findall(r"^from \S+ import \w+ as (\w+)$", listing.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name for name in exported if callable(getattr(package, name)) and not name.startswith("_")}
    assert documented, "the package exports nothing"
    missing = sorted(documented - listed)
    assert not missing, f"{missing} of {package.__name__} need lines in a page of docs/api"
