"""What is written to pages and figures, what is found to differ, and the check of the kept results."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import synthetic
from matplotlib.image import imread

from benchmarks import machine
from benchmarks.records import Records
from benchmarks.suites import SUITES
from benchmarks.tables import __main__ as command
from benchmarks.tables import ablations, growth, paper, peers
from benchmarks.tables.drawings import digest
from benchmarks.tables.marks import MarkError
from benchmarks.tables.pages import Pages, pages_of

MADE = {
    "peers": synthetic.peers,
    "paper": synthetic.paper,
    "ablations": synthetic.ablations,
    "growth": synthetic.growth,
}
MODULES = {"peers": peers, "paper": paper, "ablations": ablations, "growth": growth}


@pytest.fixture
def root(tmp_path):
    """A checkout with all tables in one page, and that of the README twice."""
    names = list(pages_of(tmp_path, {name: [] for name in MODULES}, MODULES).tables)
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    marks = "".join(f"<!-- table {name} -->\n<!-- end of table {name} -->\n\n" for name in names)
    (tmp_path / "docs" / "deep" / "page.md").write_text(f"# Title\n\n{marks}")
    first = "<!-- table peers-readme -->\nold\n<!-- end of table peers-readme -->"
    (tmp_path / "README.md").write_text(f"Above.\n{first}\nBelow.")
    return tmp_path


def pages_with(root, **records) -> Pages:
    return pages_of(root, {name: [] for name in MODULES} | records, MODULES)


def test_tables_and_figures_are_written(root):
    pages = pages_with(root, peers=synthetic.peers())
    pages.write()
    assert pages.differences() == []
    readme = (root / "README.md").read_text()
    assert readme.startswith(
        "Above.\n<!-- table peers-readme -->\n"
        "![Error against time on hjb-20](docs/images/benchmarks/peers-readme.png)\n\n| problem |"
    )
    assert readme.endswith("2 cores.\n<!-- end of table peers-readme -->\nBelow.")
    assert (
        "![Error against time on hjb-20](../images/benchmarks/peers-hjb-20.png)"
        in (root / "docs" / "deep" / "page.md").read_text()
    )
    images = root / "docs" / "images" / "benchmarks"
    assert {path.name for path in images.iterdir()} == {"peers-hjb-20.png", "peers-readme.png", "digests.json"}
    assert imread(images / "peers-hjb-20.png").shape[1] == 7 * 150
    digests = json.loads((images / "digests.json").read_text())
    assert digests["peers-hjb-20"] == digest(synthetic.peers())


def test_differences_are_named(root):
    pages_with(root).write()
    assert pages_with(root).differences() == []
    found = pages_with(root, peers=synthetic.peers()).differences()
    assert "README.md, line 2: the table peers-readme differs from the results." in found
    assert "docs/images/benchmarks/peers-hjb-20.png is missing." in found
    assert any(s.startswith("docs/deep/page.md, line ") and "peers-hjb-20 differs" in s for s in found)
    assert not (root / "docs" / "images").exists()


def test_an_edited_table_differs(root):
    pages_with(root).write()
    readme = root / "README.md"
    readme.write_text(readme.read_text().replace("Not measured yet.", "Very good."))
    assert pages_with(root).differences() == ["README.md, line 2: the table peers-readme differs from the results."]


def test_a_figure_is_older_than_its_data(root):
    pages_with(root, ablations=synthetic.ablations()).write()
    changed = synthetic.ablations()
    changed[-1]["result"]["trace"][0][1] = 0.2  # which no table shows
    pages = pages_with(root, ablations=changed)
    assert pages.differences() == ["docs/images/benchmarks/ablation-dtype.png is older than its results."]
    pages.write()
    assert pages.differences() == []


def test_a_figure_without_data_is_removed(root):
    pages_with(root, ablations=synthetic.ablations()).write()
    less = pages_with(root, ablations=synthetic.ablations()[:-2])
    assert "docs/images/benchmarks/ablation-dtype.png shows results that are not there any more." in less.differences()
    less.write()
    assert less.differences() == []
    assert not (root / "docs" / "images" / "benchmarks" / "ablation-dtype.png").exists()


def test_marks_that_do_not_fit_the_tables(root):
    readme = root / "README.md"
    before = readme.read_text()
    readme.write_text(before.replace("peers-readme", "peers-raedme"))
    for use in (Pages.write, Pages.differences):
        with pytest.raises(
            MarkError, match=r"README.md, line 2: there is no table 'peers-raedme'; the tables are peers-"
        ):
            use(pages_with(root))
    readme.write_text(before)
    (root / "docs" / "deep" / "page.md").unlink()
    with pytest.raises(MarkError, match="No page has the table peers-variants, nor peers-hjb-20"):
        pages_with(root).write()
    assert readme.read_text() == before


def test_generated_pages_are_left_alone(root):
    (root / "docs" / "_build").mkdir()
    (root / "docs" / "_build" / "page.md").write_text("<!-- table nonsense -->\n")
    assert pages_with(root).differences()


def test_every_figure_needs_a_table(root):
    figures = ablations.figures(synthetic.ablations())
    with pytest.raises(ValueError, match="no tables for the figures ablation-dtype, ablation-rank"):
        Pages(root, {}, figures)


@pytest.mark.parametrize("suite", MODULES)
def test_the_order_of_the_lines_does_not_matter(suite):
    records = MADE[suite]()
    module = MODULES[suite]
    assert module.tables(records) == module.tables(records[::-1])
    both = [{name: d.digest for name, d in module.figures(r).items()} for r in (records, records[::-1])]
    assert both[0] == both[1]


def test_the_command(root, monkeypatch, capsys):
    monkeypatch.setattr(command, "ROOT", root)
    monkeypatch.setattr(command, "SUITES", MODULES)
    monkeypatch.setattr(command, "Records", lambda name: Records(name, root))
    (root / "peers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in synthetic.peers()))
    monkeypatch.setattr(sys, "argv", ["tables", "--check"])
    assert command.main() == 1
    told = capsys.readouterr().err
    assert "README.md, line 2: the table peers-readme differs" in told
    assert told.endswith("Run: python -m benchmarks.tables\n")
    monkeypatch.setattr(sys, "argv", ["tables"])
    assert command.main() == 0
    monkeypatch.setattr(sys, "argv", ["tables", "--check"])
    assert command.main() == 0
    (root / "README.md").write_text("<!-- table x -->")
    assert command.main() == 1
    assert "README.md, line 1: <!-- table x --> has no end" in capsys.readouterr().err


def test_every_planned_case_has_a_place():
    for suite, cases in SUITES.items():
        made = [synthetic.record(case.name, [1.0], case.seed) for case in cases()]
        if suite == "growth":  # whose results are no errors
            made = [record | {"result": {}} for record in made]
        assert MODULES[suite].tables(made).keys() == MODULES[suite].tables([]).keys()


def test_the_documentation_shows_the_kept_results():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tables", "--check"],
        cwd=machine.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
