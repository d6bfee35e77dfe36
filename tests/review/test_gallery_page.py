from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, quote

import numpy as np
import pytest

from custom.evaluation.errors import ERROR_NAMES, LOC, MISSED, ErrorReport
from custom.review.compute.entries import all_entries
from custom.review.draw.error_types import ERROR_TEXTS
from custom.review.draw.pages import gallery
from custom.review.draw.site import Entry, Site
from custom.review.inputs import Model, Review
from custom.tables import Categories, GroundTruth, Images, Predictions
from tests.evaluation.cases import make_case
from tests.review.conftest import PHONE, Browser

pytestmark = pytest.mark.browser

DRAWN = "return document.querySelectorAll('#stage g.box').length > 0"
CARDS = "return document.querySelectorAll('.card svg').length > 0"
HOSTILE = '<img src=x onerror="window.broken=1">'


@pytest.fixture
def view(browser: Browser, review_folder: Path) -> Callable[[str], Browser]:
    """Opens the gallery at a fragment, and expects a silent console at the end."""

    def open_at(fragment: str) -> Browser:
        browser.open(review_folder / gallery.FILE, fragment)
        browser.wait(DRAWN if "image=" in fragment else CARDS)
        return browser

    return open_at


@pytest.fixture(autouse=True)
def silent(request: pytest.FixtureRequest):
    yield
    assert request.getfixturevalue("browser").errors() == []


def press(browser: Browser, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser.driver).send_keys(*keys).perform()


def styles(browser: Browser, inside: str = "#stage") -> dict[str, int]:
    """Count the drawn boxes by style."""
    names = browser.js(
        f"return [...document.querySelectorAll('{inside} g.box')].map((g) => g.dataset.style)"
    )
    return {name: names.count(name) for name in sorted(set(names))}


def address(browser: Browser) -> dict[str, str]:
    fragment = browser.js("return location.hash.slice(1)")
    return {key: values[0] for key, values in parse_qs(fragment).items()}


def expected(review: Review, score: float, image: int) -> dict[str, int]:
    """Count what should be drawn of an image when all layers are on."""
    report = review.analyses[0].errors
    rows = report.predictions.rows(image)
    kinds = report.kinds[rows][report.predictions.scores[rows].round(3) >= score]
    missed = int(report.missed[review.gt.rows(image)].sum())
    counts = {
        "error": int((kinds > 0).sum()),
        "hit": int((kinds == 0).sum()),
        "missed": missed,
        "truth": review.gt.rows(image).stop - review.gt.rows(image).start - missed,
    }
    return {name: count for name, count in counts.items() if count}


def busy_image(report: ErrorReport, gt: GroundTruth) -> int:
    """Return an image on which every style is drawn."""
    for image in range(len(gt.images)):
        kinds = report.kinds[report.predictions.rows(image)]
        missed = report.missed[gt.rows(image)]
        if 0 in kinds and (kinds > 0).any() and missed.any() and not missed.all():
            return image
    raise AssertionError("no image of the fixture has hits, errors and missed boxes")


def test_every_layer_switches_its_boxes(view, toy_review: Review) -> None:
    image = busy_image(toy_review.analyses[0].errors, toy_review.gt)
    browser = view(f"model=0&score=0&image={image}")
    everything = expected(toy_review, 0, image)
    assert set(everything) == {"error", "hit", "missed", "truth"}
    assert styles(browser) == everything
    # Missed boxes are annotated ones: without the errors they are drawn as such.
    as_truth = everything["truth"] + everything["missed"]
    for layer, left in (
        ("hits", {key: everything[key] for key in ("error", "missed", "truth")}),
        ("truth", {key: everything[key] for key in ("error", "hit", "missed")}),
        ("errors", {"hit": everything["hit"], "truth": as_truth}),
    ):
        browser.js(f"document.getElementById('{layer}').click()")
        assert browser.wait("return location.hash.includes('hide')")
        assert styles(browser) == left, layer
        assert address(browser)["hide"] == layer
        browser.js(f"document.getElementById('{layer}').click()")
        assert styles(browser) == everything


def test_lines_differ_by_their_dashes(view, toy_review: Review) -> None:
    image = busy_image(toy_review.analyses[0].errors, toy_review.gt)
    browser = view(f"model=0&score=0&image={image}")
    dashes = browser.js(
        "return ['truth', 'hit', 'error'].map((style) => getComputedStyle("
        "document.querySelector(`#stage .line.${style}`)).strokeDasharray)"
    )
    assert len(set(dashes)) == 3


def test_the_slider_hides_what_is_below_it(view, toy_review: Review) -> None:
    image = busy_image(toy_review.analyses[0].errors, toy_review.gt)
    browser = view(f"model=0&score=0&image={image}")
    counts = []
    for score in (0.0, 0.3, 0.62, 1.0):
        browser.js(
            "const s = document.getElementById('score'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input'))",
            score,
        )
        browser.wait(f"return new URLSearchParams(location.hash.slice(1)).get('score') == {score}")
        assert styles(browser) == expected(toy_review, score, image)
        counts.append(sum(styles(browser).values()))
        text = browser.js("return document.getElementById('score-text').textContent")
        assert text == f"{score:.2f}"
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_keys_move_switch_and_close(view, toy_review: Review) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = view("model=0&score=0")
    entries = all_entries(toy_review.gt, toy_review.analyses[0].errors)
    cost = np.bincount(entries.images, entries.costs, len(toy_review.gt.images))
    worst = np.argsort(-cost, kind="stable").tolist()
    press(browser, "j", "j", "k", Keys.ENTER)
    browser.wait(DRAWN)
    seen = [address(browser)["image"]]
    for key in ("j", Keys.ARROW_RIGHT, "k", Keys.ARROW_LEFT):
        press(browser, key)
        seen.append(address(browser)["image"])
    assert seen == [str(worst[position]) for position in (0, 1, 2, 1, 0)]
    press(browser, "g")
    assert address(browser)["hide"] == "truth"
    press(browser, "g", "p")
    assert address(browser)["hide"] == "hits,errors"
    press(browser, "p", "+", "+", "-")
    assert "hide" not in address(browser)
    assert address(browser)["score"] == "0.05"
    press(browser, "?")
    assert browser.js("return document.getElementById('help').open")
    press(browser, Keys.ESCAPE)
    assert not browser.js("return document.getElementById('help').open")
    assert browser.js("return !document.getElementById('view').hidden")
    press(browser, Keys.ESCAPE)
    assert "image" not in address(browser)
    assert browser.js("return document.getElementById('view').hidden")
    assert browser.js("return document.activeElement.dataset.position") == "0"


def test_a_link_restores_everything(view, review_folder: Path) -> None:
    fragment = "model=1&show=boxes&kind=background&class=box&score=0.25&hide=hits,labels&image=5"
    browser = view(fragment)
    controls = browser.js(
        "const at = (id) => document.getElementById(id);"
        "return [...['model', 'show', 'kind', 'class', 'score'].map((id) => at(id).value),"
        "...['truth', 'hits', 'errors', 'labels'].map((id) => at(id).checked),"
        "at('view').hidden, at('name').textContent]"
    )
    assert controls[:9] == ["1", "boxes", "background", "box", "0.25", True, False, True, False]
    assert controls[9:] == [False, "train/0005.jpg"]
    assert browser.js("return document.querySelectorAll('#stage text').length") == 0
    # What the page makes of it is the same link, and another link in the same page works too.
    browser.js("location.hash = 'model=0&kind=missed'")
    browser.wait("return document.getElementById('kind').value === 'missed'")
    assert browser.js("return document.getElementById('view').hidden")
    browser.js("document.getElementById('labels').click()")
    assert address(browser) == {"model": "0", "kind": "missed", "hide": "labels"} | {
        "score": address(browser)["score"]
    }


def test_a_link_to_a_box_shows_it_zoomed(view, toy_review: Review) -> None:
    image = busy_image(toy_review.analyses[0].errors, toy_review.gt)
    bboxes = toy_review.gt.bboxes[toy_review.gt.rows(image)]
    sides = (bboxes[:, 2:] - bboxes[:, :2]).max(axis=1)
    box = int(sides.argmin())
    browser = view(f"model=0&score=0&image={image}&box=g{box}&zoom=1&show=boxes")
    browser.wait("return document.querySelector('#stage g.chosen')")
    assert browser.js("return document.querySelector('#stage g.chosen').dataset.name") == f"g{box}"
    left = browser.js("return document.querySelector('#stage g.chosen rect').getAttribute('x')")
    assert float(left) == bboxes[box, 0]
    # As much again on each side as the box is wide.
    width = browser.js("return document.querySelector('#stage svg').viewBox.baseVal.width")
    assert width == max(3 * sides[box], 48) < 100


def test_a_link_with_nonsense_shows_the_beginning(view, toy_review: Review) -> None:
    browser = view("model=99&show=x&kind=%3Cb%3E&class=__proto__&score=7&box=d&hide=,,toString")
    values = browser.js(
        "return ['model', 'show', 'kind', 'class'].map((id) => document.getElementById(id).value)"
    )
    assert values == [str(toy_review.final), "images", "", ""]


@pytest.mark.parametrize("show", ["images", "boxes"])
def test_filters_leave_the_errors_of_a_kind_and_class(view, toy_review: Review, show: str) -> None:
    gt, report = toy_review.gt, toy_review.analyses[0].errors
    entries = all_entries(gt, report)
    browser = view(f"model=0&score=0.3&show={show}")
    for code, kind in ERROR_NAMES.items():
        kept = entries.take(
            np.flatnonzero(
                (entries.kinds == code) & (entries.labels == 1) & (entries.scores >= 0.3)
            )
        )
        browser = view(f"model=0&score=0.3&show={show}") if code == 1 else browser
        browser.js(
            f"location.hash = 'model=0&score=0.3&class=bag&kind={kind}&show={show}&x={code}'"
        )
        browser.wait(f"return document.getElementById('kind').value === '{kind}'")
        text = browser.js("return document.getElementById('count').textContent")
        assert text.split()[0] == str(len(kept)), kind
        cards = browser.js("return document.querySelectorAll('.card').length")
        assert cards == (len(kept) if show == "boxes" else len(set(kept.images.tolist())))


def test_errors_that_the_slider_hides_are_counted(view, toy_review: Review) -> None:
    entries = all_entries(toy_review.gt, toy_review.analyses[0].errors)
    placed = entries.take(np.flatnonzero(entries.kinds == LOC))
    seen = int((placed.scores >= 0.5).sum())
    hidden = len(placed) - seen
    assert min(seen, hidden) > 1
    browser = view("model=0&score=0.5&show=boxes&kind=localisation")
    text = browser.js("return document.getElementById('count').textContent")
    assert text == f"{seen} errors, {hidden} more below this score"


def test_the_worst_single_error_is_the_first_card(view, toy_review: Review) -> None:
    entries = all_entries(toy_review.gt, toy_review.analyses[0].errors)
    browser = view("model=0&score=0&show=boxes")
    caption = browser.js("return document.querySelector('.card[data-position=\"0\"]').innerText")
    name = toy_review.gt.categories.names[entries.labels[0]]
    assert caption.startswith(name)
    assert ERROR_TEXTS[ERROR_NAMES[int(entries.kinds[0])]].one in caption
    chosen = browser.js("return document.querySelectorAll('.card g.chosen').length")
    cards = browser.js("return document.querySelectorAll('.card svg').length")
    assert chosen == cards > 0


def test_zoom_shows_the_chosen_error_larger(view, toy_review: Review) -> None:
    image = busy_image(toy_review.analyses[0].errors, toy_review.gt)
    browser = view(f"model=0&score=0&image={image}")
    box = "return document.querySelector('#stage svg').viewBox.baseVal.width"
    whole = browser.js(box)
    assert whole == 100
    browser.js("document.querySelector('#errors-here button').click()")
    browser.wait("return document.querySelector('#stage g.chosen')")
    press(browser, "z")
    browser.wait("return document.getElementById('zoom').getAttribute('aria-pressed') === 'true'")
    assert browser.js(box) < whole
    assert address(browser)["zoom"] == "1"
    press(browser, "z")
    browser.wait("return document.getElementById('zoom').getAttribute('aria-pressed') === 'false'")
    assert browser.js(box) == whole


def test_pictures_lie_in_the_folder_and_load(view, review_folder: Path) -> None:
    browser = view("model=0&score=0")
    links = browser.js(
        "return [...document.querySelectorAll('.card image')].map((i) => i.getAttribute('href'))"
    )
    assert links
    assert all((review_folder / link).is_file() for link in links)


def test_phone_and_dark(view, browser: Browser, review_folder: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        for fragment, ready in (("", CARDS), ("image=3", DRAWN)):
            browser.open(review_folder / gallery.FILE, fragment, PHONE)
            browser.wait(ready)
            assert browser.overflow() <= 0
        grounds.append(browser.js("return getComputedStyle(document.body).backgroundColor"))
        stage = browser.js("return document.querySelector('#stage svg').getBoundingClientRect()")
        assert stage["width"] > 300
        assert stage["width"] == pytest.approx(stage["height"], rel=0.01)
    browser.prefer("light")
    assert grounds[0] != grounds[1]


def write_alone(review: Review, folder: Path) -> Path:
    """Write the gallery without the other pages."""
    site = Site(folder, review.title, [Entry(gallery.TITLE, gallery.FILE)])
    for name in ("review.css", "review.js"):
        site.copy_asset(name)
    gallery.write(review, site)
    return folder / gallery.FILE


def test_thousands_of_images_make_a_few_cards(browser: Browser, tmp_path: Path) -> None:
    gt, predictions = make_case(0, num_images=3000, shuffled_ids=False)
    review = Review("many", gt, (Model("one", predictions.aligned_to(gt.images.ids)),))
    browser.open(write_alone(review, tmp_path), "score=0&show=boxes")
    browser.wait(CARDS)
    entries = all_entries(gt, review.analyses[0].errors)
    assert len(entries) > 5000
    cards = "return document.querySelectorAll('.card').length"
    assert browser.js(cards) < 100
    browser.js("scrollTo(0, document.documentElement.scrollHeight)")
    last = len(entries) - 1
    browser.wait(f"return document.querySelector('.card[data-position=\"{last}\"] svg')")
    assert browser.js(cards) < 100
    assert browser.js("return document.querySelectorAll('image').length") == 0


def test_names_from_files_stay_text(browser: Browser, tmp_path: Path) -> None:
    names = (HOSTILE, "</script><script>window.broken=2</script>")
    gt = GroundTruth(
        Images(np.array([1]), (f"{HOSTILE}/{HOSTILE}.jpg",), np.array([[50, 50]])),
        Categories((1, 2), names), np.array([0, 2]), np.array([[0.0, 0, 9, 9], [9, 9, 20, 20]]),
        np.array([0, 1]), np.zeros(2, bool), np.full(2, 81.0), np.array([1, 2]),
    )  # fmt: skip
    found = Predictions.from_rows([1], [0], [[30, 30, 40, 40]], [0.9], [1])
    review = Review(HOSTILE, gt, (Model(HOSTILE, found, HOSTILE),))
    fragment = f"image=0&class={quote(names[1])}"
    browser.open(write_alone(review, tmp_path), fragment)
    browser.wait(DRAWN)
    assert browser.js("return [window.broken, document.getElementById('class').value]") == [
        None, names[1]
    ]  # fmt: skip
    text = browser.js("return document.getElementById('view').innerText")
    assert HOSTILE in text
    assert f"missed: {names[0]}" in text
    assert browser.js("return document.querySelectorAll('img').length") == 0


def test_a_folder_copied_in_part_says_so(browser: Browser, toy_review: Review, tmp_path) -> None:
    page = write_alone(toy_review, tmp_path)
    (tmp_path / "data" / "gallery-errors-0.js").unlink()
    browser.open(page, "model=0")
    browser.wait("return document.getElementById('count').textContent.includes('is missing')")
    assert len(browser.errors()) == 1


def test_missed_is_the_last_kind_of_the_page(view) -> None:
    browser = view("model=0")
    assert browser.js("return window.gallery.kinds.indexOf('missed')") == MISSED
