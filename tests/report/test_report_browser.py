"""The page in a real browser: headless Chromium."""

import os
import shutil
import time
from itertools import pairwise

import pytest
from running import quick
from test_report_page import hostile_solution

import pinnzo as pz

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def missing(reason):
    """Skip, but not where all tests have to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser():
    program = os.environ.get("PINNZO_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing("No Chromium was found: install it (apt-get install chromium) or set PINNZO_CHROMIUM to its path.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing('playwright is not installed: pip install "pinnzo[test]".')
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports of a scalar problem in four variables, a system, a problem in one variable, and one of hostile names."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        "hjb": quick(pz.problem("hjb", dimension=3)).report(folder / "hjb.html"),
        "system": quick("kovasznay").report(folder / "system.html"),
        "line": quick(pz.problem("poisson", dimension=1)).report(folder / "line.html"),
        "hostile": hostile_solution().report(folder / "hostile.html"),
    }


@pytest.fixture
def show(browser, pages):
    """Opens a page, and checks at the end that nothing was complained of and nothing but the file was asked for."""
    contexts, trouble = [], []

    def opened(name, width=1200, **settings):
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True, **settings)
        contexts.append(context)
        tab = context.new_page()
        address = pages[name].as_uri()
        tab.on("console", lambda message: trouble.append(message.text))
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("request", lambda request: None if request.url in (address, "data:,") else trouble.append(request.url))
        tab.goto(address)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


def pictures(tab, plane=0):
    return tab.locator(f"#plane-{plane} canvas").evaluate_all("all => all.map(c => c.toDataURL())")


def soon(condition):
    """Whether it comes true within ten seconds: the page hears of some changes a little later."""
    end = time.monotonic() + 10
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return met


def colours(tab, plane, panel):
    """How many different colours a canvas has."""
    return tab.locator(f"#plane-{plane} canvas").nth(panel).evaluate(
        """c => { const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
                  return new Set(d).size; }"""
    )  # fmt: skip


@pytest.mark.parametrize("name", ["hjb", "system", "line", "hostile"])
def test_the_page_opens_offline_without_a_complaint_and_shows_its_parts(show, name):
    tab = show(name)
    assert tab.locator("h2").count() >= 6
    assert tab.locator("canvas").count() >= 2
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("math").first.evaluate("m => m.getBoundingClientRect().height") > 8
    # MathML is laid out, not printed one thing after the other: the numerator is above the denominator.
    fractions = tab.locator("mfrac")
    if fractions.count():
        top, bottom = fractions.first.evaluate("f => [...f.children].map(c => c.getBoundingClientRect().top)")
        assert top < bottom


def test_the_slider_changes_the_pictures_of_its_own_plane(show):
    tab = show("hjb")
    before, others = pictures(tab), pictures(tab, 1)
    assert len(before) == 3
    assert colours(tab, 0, 0) > 50
    assert colours(tab, 0, 2) > 20
    slider = tab.get_by_label("t", exact=True)
    assert slider.get_attribute("aria-valuetext") == "t = 0.5"
    slider.fill("20")
    assert slider.get_attribute("aria-valuetext") == "t = 1"
    assert tab.locator("#plane-0 output").text_content() == " = 1"
    assert tab.locator("#plane-0 .held").text_content() == "At t = 1; x₃ = 0.5."
    after = pictures(tab)
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert pictures(tab, 1) == others
    # By keyboard, and back to what it was.
    slider.focus()
    for _ in range(10):
        tab.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "t = 0.5"
    assert pictures(tab) == before


def test_the_picture_has_the_values_of_the_solution(show):
    """At t = 1 the solution of the terminal-value problem is x₁ + x₂ + ½, which is built in exactly."""
    tab = show("hjb")
    tab.get_by_label("t", exact=True).fill("20")
    tab.locator("#plane-0 canvas").first.evaluate(
        """c => { const at = {clientX: c.getBoundingClientRect().left + c.box.left + c.box.width,
                              clientY: c.getBoundingClientRect().top + c.box.top + c.box.height / 2};
                  c.dispatchEvent(new PointerEvent('pointermove', at)); }"""
    )  # fmt: skip
    assert tab.locator("#plane-0 .reading").text_content().startswith("x₁ = 1, x₂ = 0.5: solution 2, exact 2, error ")


def test_functions_of_a_system_are_chosen(show):
    tab = show("system")
    before = pictures(tab)
    tab.get_by_role("radio", name="p", exact=True).check()
    assert all(a != b for a, b in zip(before, pictures(tab), strict=True))
    line = pictures(tab, 1)
    tab.get_by_label("y", exact=True).fill("3")
    assert pictures(tab, 1) != line


def test_a_problem_in_one_variable_has_lines_and_no_slider(show):
    tab = show("line")
    assert tab.locator("input").count() == 0
    assert tab.locator("canvas").count() == 2
    assert "solution" in tab.locator("#plane-0 .legend").first.text_content()
    assert colours(tab, 0, 0) > 10


@pytest.mark.parametrize("name", ["hjb", "system", "hostile"])
def test_nothing_is_wider_than_a_phone(show, name):
    tab = show(name, width=360, device_scale_factor=3, has_touch=True, is_mobile=True)
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert tab.evaluate("document.documentElement.clientWidth") == 360
    # What is wider scrolls inside its own box; nothing else sticks out.
    outside = tab.evaluate(
        """() => [...document.querySelectorAll('section, canvas, table, dl, svg.key, input, h1, p')]
            .filter(e => !e.closest('.scroll, .formula') && e.getBoundingClientRect().right > 360.5).length"""
    )
    assert outside == 0
    assert tab.locator("canvas").first.evaluate("c => c.getBoundingClientRect().width") > 280


def test_dark_mode_changes_page_charts_and_pictures(show):
    light, dark = show("hjb", color_scheme="light"), show("hjb", color_scheme="dark")

    def look(tab):
        style = "getComputedStyle(document.querySelector('{}')).{}"
        return [
            tab.evaluate(style.format(*which))
            for which in (("body", "backgroundColor"), ("body", "color"), (".chart text", "fill"))
        ]

    for a, b in zip(look(light), look(dark), strict=True):
        assert a != b
    background = [int(v) for v in look(dark)[0].removeprefix("rgb(").removesuffix(")").split(",")]
    assert max(background) < 60
    in_dark = pictures(dark)
    assert in_dark != pictures(light)
    # A change of the system's setting while the page is open.
    light.emulate_media(color_scheme="dark")
    assert soon(lambda: pictures(light) == in_dark)


def test_every_control_and_picture_has_a_name(show):
    tab = show("system")
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll('input, canvas, .chart > svg')]
            .filter(e => !(e.labels && e.labels.length) && !e.getAttribute('aria-label')).length"""
    )
    assert unnamed == 0
    label = tab.locator("#plane-0 canvas").nth(2).get_attribute("aria-label")
    assert label.startswith("Error: solution − exact u over x, y.")


def test_colour_maps_are_told_apart_by_brightness_alone(show):
    """The map of values grows brighter throughout; that of errors is brightest at zero and as dark at both ends."""
    tab = show("hjb")
    brightness = "m => m.map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)"
    values, errors = (tab.evaluate(f"({brightness})(page.maps.{name})") for name in ("values", "errors"))
    assert all(a < b for a, b in pairwise(values))
    assert max(errors) == max(errors[60:68])
    assert errors[0] < 60
    assert errors[-1] < 60


def test_marks_of_small_numbers_are_short(show):
    """A power of ten that they share stands once, in the name of the axis."""
    tab = show("line")
    marks = tab.evaluate("marksOf({low: -9.4e-6, high: 9.4e-6, name: 'error'})")
    assert marks["name"] == "error (× 10⁻⁶)"
    assert [label for _, label in marks["marks"]] == ["−5", "0", "5"]
    assert tab.evaluate("marksOf({low: -2, high: 2, name: 'x'}).name") == "x"
    assert tab.evaluate("[written(-1.234e-7), written(0.25), written(NaN), written(123456)]") == [
        "−1.23 × 10⁻⁷", "0.25", "–", "1.23 × 10⁵",
    ]  # fmt: skip
