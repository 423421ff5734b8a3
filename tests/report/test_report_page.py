"""The whole page: what is in it, that it stands alone, and that no name gets through as markup."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
import sympy as sp
from running import disc, never_finite, quick

import pinnzo as pz
from pinnzo.report import render, write_report
from pinnzo.report.tables import readable

HOSTILE = "</title></script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>\" &"
MOST_BYTES = 3_000_000


class Reader(HTMLParser):
    """What a browser sees: elements, attributes, and the text of each kind of element."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], {}, []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "link", "input", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.text[tag] = self.text.get(tag, "") + data


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def hostile_solution():
    x, t = sp.Symbol("x", real=True), sp.Symbol("<b>t</b>", real=True)
    u = sp.Function("<i>u")(x, t)
    problem = pz.Problem(
        sp.Eq(u.diff(t), u.diff(x, 2)),
        pz.Box({x: (0, 1), t: (0, 1)}),
        [pz.Condition(sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)), name=HOSTILE), sp.Eq(u.subs(x, 0), 0)],
        name=HOSTILE,
        description=HOSTILE,
        time=t,
    )
    return quick(problem)


@pytest.fixture(scope="module")
def page(solution):
    return render(solution)


def test_every_element_is_closed_and_every_section_is_there(page):
    reader = Reader(page)
    assert reader.open == []
    for heading in ("The equation", "Errors", "Slices", "Convergence", "Distribution of the residual", "Settings"):
        assert heading in reader.text["h2"]
    assert "Coefficients" not in reader.text["h2"]
    assert reader.text["title"] == "poisson-2d – pinnzo"
    assert len([i for name, i in reader.attributes if name == "id"]) == len(
        {i for name, i in reader.attributes if name == "id"}
    )


def test_the_page_asks_for_nothing(page):
    reader = Reader(page)
    assert [value for name, value in reader.attributes if name in ("src", "href", "srcset", "action")] == ["data:,"]
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", page)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page


def test_figures_of_the_run_are_in_it(page, solution):
    text = Reader(page).text
    assert readable(solution.error().relative_l2, 1) in text["dl"]
    assert f"{solution.parameter_count}" in text["dl"]
    assert solution.status in text["p"]
    assert re.search(r"Δ\s*u", text["math"])


def test_names_are_text_wherever_they_stand():
    page = render(hostile_solution())
    reader = Reader(page)
    assert HOSTILE in reader.text["h1"]
    assert reader.text["title"].startswith(HOSTILE)
    assert HOSTILE in reader.text["dt"]
    assert "img" not in reader.tags
    assert "b" not in reader.tags
    assert reader.tags.count("script") == 2
    data = data_of(page)
    assert [axis["name"] for axis in data["planes"][0]["axes"]] == ["x", "<b>t</b>"]
    assert data["planes"][0]["functions"][0]["name"] == "<i>u"


@pytest.mark.parametrize(
    ("problem", "planes", "sliders"),
    [
        (lambda: pz.problem("poisson", dimension=1), 1, 0),
        (disc, 2, 1),
        (lambda: pz.problem("hjb"), 2, 2),
        (lambda: pz.problem("kovasznay"), 2, 1),
        (lambda: pz.problem("inverse-heat"), 2, 1),
    ],
    ids=["1 variable", "no exact solution", "21 variables", "system", "inverse"],
)
def test_problems_of_all_kinds(problem, planes, sliders):
    solution = quick(problem(), budget=pz.Budget(steps=1), network=None)
    page = render(solution)
    assert len(page.encode()) < MOST_BYTES
    reader = Reader(page)
    assert reader.open == []
    data = data_of(page)
    assert len(data["planes"]) == planes
    assert page.count('type="range"') == sliders
    assert len(data["planes"][0]["functions"]) == len(solution.problem.functions)
    assert ("error" in data["planes"][0]["functions"][0]) == (solution.problem.exact is not None)
    assert ("Coefficients that were found" in page) == bool(solution.problem.unknowns)
    assert ("No exact solution is known" in page) == (solution.problem.exact is None)


def test_a_loaded_run_has_the_same_page(tmp_path, solution, page):
    solution.save(tmp_path)
    path = pz.load(tmp_path).report(tmp_path / "new" / "page.html")
    assert path == tmp_path / "new" / "page.html"
    assert path.read_text(encoding="utf-8") == page


def test_planes_are_those_that_are_asked_for(tmp_path):
    solution = quick(pz.problem("hjb", dimension=3))
    x1, _, x3, t = solution.problem.variables
    path = solution.report(tmp_path / "r.html", planes=[(x1, x3), (t,)], over="x2")
    first, second = data_of(path.read_text(encoding="utf-8"))["planes"]
    assert [axis["name"] for axis in first["axes"]] == ["x₁", "x₃"]
    assert first["over"]["name"] == second["over"]["name"] == "x₂"
    assert first["held"] == "t = 0.5"
    assert [axis["name"] for axis in second["axes"]] == ["t"]


def test_a_run_that_was_never_finite_says_so():
    page = render(quick(never_finite(), budget=pz.Budget(steps=1)))
    assert "The loss was never finite" in page
    assert "The residual is NaN or infinite at point" in page


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path, solution):
    (tmp_path / "file").write_text("")
    with pytest.raises(pz.PinnzoError, match="cannot be written"):
        write_report(solution, tmp_path / "file" / "report.html")
