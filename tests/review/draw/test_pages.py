"""The pages in a real browser: they load, draw, lead to each other, and fit their window."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.review.draw.pages.overview import by_rising_ap
from custom.review.inputs import Review
from tests.review.conftest import PHONE, Browser, pages_of

pytestmark = pytest.mark.browser

SHOWN = "return document.body.dataset.shown"
HEADING = "return document.getElementById('heading').textContent"
# By how many pixels a chart is higher than its place.
OVERHANG = (
    "const place = document.getElementById(arguments[0]);"
    "return place.querySelector('svg').getBoundingClientRect().bottom"
    " - place.getBoundingClientRect().bottom"
)
CHARTS = {
    "index.html": {"by-class": ".scatterlayer .point", "finders": ".barlayer .point path"},
    "errors.html": {"gains": ".barlayer .point path"},
    "classes.html": {
        "curve": ".scatterlayer path.js-line",
        "scores": ".barlayer .point path",
        "size": ".barlayer .point path",
        "aspect": ".barlayer .point path",
        "matrix": ".heatmaplayer image",
    },
}


def names_of(review: Review) -> tuple[str, ...]:
    return review.gt.categories.names


def ground(browser: Browser) -> str:
    return browser.js("return getComputedStyle(document.body).backgroundColor")


def test_no_page_complains(browser: Browser, review_folder: Path) -> None:
    names = pages_of(review_folder)
    assert set(CHARTS) < set(names)
    for name in names:
        browser.open(review_folder / name)
        assert browser.errors() == [], name


def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, review_folder: Path) -> None:
    for name in pages_of(review_folder):
        browser.open(review_folder / name, width_height=PHONE)
        for chart in CHARTS.get(name, {}):
            browser.wait(f"return document.querySelector('#{chart} svg')")
        assert browser.overflow() <= 0, name


def test_charts_keep_their_height_when_a_phone_is_turned(
    browser: Browser, review_folder: Path
) -> None:
    for name, charts in CHARTS.items():
        browser.open(review_folder / name, width_height=PHONE)
        for chart in charts:
            browser.wait(f"return document.querySelector('#{chart} svg')")
        browser.resize(*PHONE[::-1])
        wide = f"return document.querySelector('#{min(charts)} svg').clientWidth"
        browser.wait(f"{wide} !== {browser.js(wide)} || innerWidth === {PHONE[1]}")
        for chart in charts:
            assert browser.js(OVERHANG, chart) <= 1, f"{chart} is drawn over what follows"


@pytest.mark.parametrize("page", sorted(CHARTS))
def test_charts_are_drawn(browser: Browser, review_folder: Path, page: str) -> None:
    browser.open(review_folder / page)
    for chart, mark in CHARTS[page].items():
        marks = f"return document.querySelectorAll('#{chart} {mark}').length"
        assert browser.wait(marks) > 0, chart
        assert browser.js(OVERHANG, chart) <= 1, f"{chart} is drawn over what follows"
    assert browser.errors() == []


def test_the_navigation_leads_to_every_page(browser: Browser, review_folder: Path) -> None:
    browser.open(review_folder / "index.html")
    for name in ("classes.html", "errors.html", "gallery.html", "index.html"):
        browser.js(f"document.querySelector('nav a[href=\"{name}\"]').click()")
        browser.wait(f"return location.pathname.endsWith('/{name}')")
        marked = browser.wait("return document.querySelector('nav a[aria-current]')?.href")
        assert marked.endswith(name)


def test_dark_follows_the_system_and_the_switch(browser: Browser, review_folder: Path) -> None:
    try:
        browser.prefer("dark")
        browser.open(review_folder / "index.html")
        dark = ground(browser)
        browser.wait("return document.querySelector('#by-class svg')")
        browser.js("document.getElementById('theme').click()")
        light = ground(browser)
        assert dark != light
        # The choice is kept from page to page, against the system's.
        browser.open(review_folder / "errors.html")
        assert ground(browser) == light
        bar = "return document.querySelector('#gains .bars path')?.style.fill"
        light_bar = browser.wait(bar)
        browser.js("document.getElementById('theme').click()")
        assert ground(browser) == dark
        browser.wait(f"{bar} !== '{light_bar}'")
        browser.js("localStorage.clear()")
        browser.prefer("light")
        browser.open(review_folder / "index.html")
        assert ground(browser) == light
        assert browser.errors() == []
    finally:
        browser.prefer("light")


def test_a_link_opens_its_class(browser: Browser, review_folder: Path, toy_review: Review) -> None:
    order = by_rising_ap(toy_review).tolist()
    browser.open(review_folder / "index.html")
    name = names_of(toy_review)[order[-1]]
    links = "[...document.querySelectorAll('a[href^=classes]')]"
    browser.js(f"{links}.find((a) => a.textContent === arguments[0]).click()", name)
    browser.wait("return location.pathname.endsWith('/classes.html')")
    browser.wait(SHOWN)
    assert browser.js(HEADING) == name
    browser.open(review_folder / "classes.html")
    browser.wait(SHOWN)
    assert browser.js(HEADING) == names_of(toy_review)[order[0]]
    browser.open(review_folder / "classes.html", "no%20such=%class")
    browser.wait(SHOWN)
    assert browser.errors() == []


def test_the_selectors_change_class_and_model(
    browser: Browser, review_folder: Path, toy_review: Review
) -> None:
    name = names_of(toy_review)[0]
    browser.open(review_folder / "classes.html", f"class={name}&model=1")
    assert browser.wait(SHOWN) == "0,1"
    hits = "return document.getElementById('scores').data[0].y.reduce((a, b) => a + (b || 0), 0)"
    analyses = toy_review.analyses
    assert (
        browser.js(hits)
        == (analyses[1].matches.outcomes[0, 0, analyses[1].matches.of_class(0)] == 1).sum()
    )
    change = (
        "const select = document.getElementById(arguments[0]); select.value = arguments[1];"
        "select.dispatchEvent(new Event('change'))"
    )
    browser.js(change, "class", "2")
    browser.wait(f"{SHOWN} === '2,1'")
    browser.js(change, "model", "2")
    browser.wait(f"{SHOWN} === '2,2'")
    # The model that counts is the default, and need not be named.
    assert browser.js("return location.hash") == f"#{names_of(toy_review)[2]}"
    assert browser.js(HEADING) == names_of(toy_review)[2]
    links = browser.js(
        "return [...document.querySelectorAll('#errors-of-class a')].map((a) => a.href)"
    )
    assert links[4].endswith(
        f"gallery.html#kind=background&class={names_of(toy_review)[2]}&model=2"
    )
    # The address alone does the same.
    browser.js(f"location.hash = '#class={name}&model=0'")
    browser.wait(f"{SHOWN} === '0,0'")
    assert browser.errors() == []


def test_the_curve_tells_its_thresholds(
    browser: Browser, review_folder: Path, toy_review: Review
) -> None:
    browser.open(review_folder / "classes.html", names_of(toy_review)[0])
    browser.wait(SHOWN)
    curve = toy_review.analyses[0].curves[0]
    text = browser.js("return document.getElementById('curve').data[0].text[0]")
    assert f"score from {curve.scores[0]:.3f} on" in text
    browser.js("Plotly.Fx.hover('curve', [{curveNumber: 0, pointNumber: 0}])")
    shown = browser.wait("return document.querySelector('#curve .hovertext')?.textContent")
    assert f"score from {curve.scores[0]:.3f} on" in shown


def test_the_matrix_opens_a_class(
    browser: Browser, review_folder: Path, toy_review: Review
) -> None:
    browser.open(review_folder / "classes.html", names_of(toy_review)[0])
    browser.wait(SHOWN)
    browser.wait("return document.querySelector('#matrix .heatmaplayer image')")
    browser.js(
        "document.getElementById('matrix').emit('plotly_click', {points: [{pointIndex: [1, 0]}]})"
    )
    browser.wait("return document.body.dataset.shown.startsWith('1,')")
    assert browser.js(HEADING) == names_of(toy_review)[1]


def test_errors_of_each_model_can_be_shown(browser: Browser, review_folder: Path) -> None:
    browser.open(review_folder / "errors.html", "missed")
    visible = "return [...document.querySelectorAll('[id^=by-class-]')].map((e) => !e.hidden)"
    assert browser.js(visible) == [False, False, True]
    browser.js(
        "const s = document.getElementById('panel'); s.value = '0';"
        "s.dispatchEvent(new Event('change'))"
    )
    assert browser.js(visible) == [True, False, False]
    assert browser.js("return document.querySelector('tr:target').id") == "missed"
