from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custom.boxes import xyxy_to_xywh
from custom.labels import apply_patches, read_patches, write_patch
from custom.labels.patch import ADD, MOVE, RELABEL, REMOVE, Edit, rounded
from custom.review.compute.proposals import edit_of_record, rivals_of, worst_proposals
from custom.review.draw.pages import suspects
from custom.review.draw.site import Entry, Site
from custom.review.inputs import Model, Review
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth
from tests.review.conftest import PHONE, Browser
from tests.review.suspect_cases import CLASSES, planted_review

pytestmark = pytest.mark.browser

READY = "return document.querySelector('#crop svg')"
Box = tuple[str, str, tuple[float, ...]]


def write_alone(review: Review, folder: Path) -> Path:
    """Write the page without the others."""
    site = Site(folder, review.title, [Entry(suspects.TITLE, suspects.FILE)])
    for name in ("review.css", "review.js"):
        site.copy_asset(name)
    suspects.write(review, site)
    return folder / suspects.FILE


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return planted_review(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def page(review: Review, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_alone(review, tmp_path_factory.mktemp("out") / "review")


@pytest.fixture
def open_page(browser: Browser, page: Path) -> Iterator[Callable[..., Browser]]:
    """Opens the page without decisions from other tests; the console must stay silent."""
    browser.open(page)
    browser.js("localStorage.clear()")

    def open_at(fragment: str = "", size: tuple[int, int] = (1280, 900)) -> Browser:
        browser.open(page, fragment, size)
        browser.wait(READY)
        return browser

    yield open_at
    assert browser.errors() == []
    browser.js("localStorage.clear()")


def press(browser: Browser, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser.driver).send_keys(*keys).perform()


def text(browser: Browser, name: str) -> str:
    return str(browser.js(f"return document.getElementById('{name}').textContent"))


def fill(browser: Browser, name: str, value: str) -> None:
    browser.js(
        "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
        "field.dispatchEvent(new Event('input'))",
        name, value,
    )  # fmt: skip


def proposed(review: Review) -> list[Edit]:
    """Return the edits in the page's order."""
    return [edit_of_record(r) for r in worst_proposals(suspects.proposals_of(review).records)]


def boxes_of(path: Path) -> list[Box]:
    gt = read_ground_truth(path)
    names = [gt.images.file_names[i] for i in gt.image_index]
    classes = [gt.categories.names[label] for label in gt.labels]
    return list(zip(names, classes, map(rounded, xyxy_to_xywh(gt.bboxes)), strict=True))


def edited(boxes: list[Box], edits: list[Edit]) -> list[Box]:
    """Apply edits to boxes in the plainest way."""
    result = list(boxes)
    for edit in edits:
        old = (edit.image, edit.category, edit.box)
        if edit.edit != ADD:
            result.remove(old)
        if edit.edit == ADD:
            result.append(old)
        elif edit.edit == RELABEL:
            result.append((edit.image, str(edit.to), edit.box))
        elif edit.edit == MOVE:
            assert isinstance(edit.to, tuple)
            result.append((edit.image, edit.category, edit.to))
    return sorted(result)


def exported(browser: Browser, folder: Path) -> Path:
    """Click on "Export patch" and return the file that the browser saved."""
    folder.mkdir()
    browser.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
    )
    browser.js("document.getElementById('export').click()")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser.driver, 10, 0.05).until(lambda _: list(folder.glob("*.jsonl")))
    return next(folder.glob("*.jsonl"))


def test_the_downloaded_patch_applies(open_page, review: Review, tmp_path: Path) -> None:
    edits = proposed(review)
    assert {edit.edit for edit in edits} >= {ADD, RELABEL, MOVE}
    assert not any(rivals_of(edits))
    rejected = {1, 4}
    browser = open_page()
    for position in range(len(edits)):
        press(browser, "r" if position in rejected else "a")
    kept = [edit for position, edit in enumerate(edits) if position not in rejected]
    assert text(browser, "count") == f"{len(kept)} accepted, 2 rejected, 0 open"
    assert browser.js("return !document.getElementById('nothing').hidden")
    fill(browser, "author", "Ann Müller")
    path = exported(browser, tmp_path / "downloads")
    assert path.name == "labels-ann-müller.jsonl"

    read = read_patches([path])
    assert {edit.decision for edit in read} == {edit.decision for edit in kept}
    assert {edit.author for edit in read} == {"Ann Müller"}
    assert all(edit.reason.startswith("suspect: ") for edit in read)
    write_patch(tmp_path / "same.jsonl", read)
    assert path.read_bytes() == (tmp_path / "same.jsonl").read_bytes()

    source = Path(review.gt.source)
    applied = apply_patches(source, [path], tmp_path / "clean.json")
    assert sum(applied.counts.values()) == len(kept)
    assert applied.counts[REMOVE] == sum(edit.edit == REMOVE for edit in kept)
    assert sorted(boxes_of(tmp_path / "clean.json")) == edited(boxes_of(source), kept)


def test_decisions_last_and_can_be_undone(open_page, review: Review) -> None:
    browser = open_page()
    total = len(proposed(review))
    press(browser, "a", "r", "a")
    browser = open_page()
    assert text(browser, "count") == f"2 accepted, 1 rejected, {total - 3} open"
    assert browser.js("return location.hash") == "#suspect=4"
    press(browser, "r", "r", "u", "u")
    assert text(browser, "count") == f"2 accepted, 1 rejected, {total - 3} open"
    assert browser.js("return location.hash") == "#suspect=4"
    # Nothing is left of what was decided before the page was opened but the decision shown.
    browser = open_page("show=rejected")
    assert browser.js("return document.querySelectorAll('#list li').length") == 1
    press(browser, "u")
    assert text(browser, "count") == f"2 accepted, 0 rejected, {total - 2} open"


def test_keys_move_and_leave_text_alone(open_page, review: Review) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = open_page()
    seen = []
    for key in ("j", Keys.ARROW_RIGHT, "k", Keys.ARROW_LEFT, "k"):
        press(browser, key)
        seen.append(browser.js("return location.hash"))
    assert seen == ["#suspect=2", "#suspect=3", "#suspect=2", "#suspect=1", "#suspect=1"]
    browser.js("document.getElementById('author').focus()")
    press(browser, "a", "r", "j")
    assert browser.js("return document.getElementById('author').value") == "arj"
    assert text(browser, "count").startswith("0 accepted, 0 rejected")
    press(browser, Keys.ESCAPE, "?")
    assert browser.js("return document.getElementById('help').open")
    press(browser, Keys.ESCAPE, "a")
    assert text(browser, "count").startswith("1 accepted")


def test_a_reason_of_ones_own_goes_into_the_patch(open_page, review: Review, tmp_path) -> None:
    browser = open_page()
    reason = 'no "can" \\ at all'
    fill(browser, "reason", reason)
    press(browser, "a", "a")
    fill(browser, "author", "ann")
    first, second = proposed(review)[:2]
    by_decision = {e.decision: e for e in read_patches([exported(browser, tmp_path / "d")])}
    assert by_decision[first.decision].reason == reason
    assert by_decision[second.decision].reason == second.reason
    # It can be changed afterwards.
    browser = open_page("show=accepted")
    assert browser.js("return document.getElementById('reason').value") == reason
    fill(browser, "reason", "looked again")
    by_decision = {e.decision: e for e in read_patches([exported(browser, tmp_path / "e")])}
    assert by_decision[first.decision].reason == "looked again"


def test_an_export_without_author_or_edits_says_what_lacks(open_page) -> None:
    browser = open_page()
    browser.js("document.getElementById('export').click()")
    assert "Nothing is accepted yet" in text(browser, "verdict")
    press(browser, "a")
    browser.js("document.getElementById('copy').click()")
    assert "fill in the author" in text(browser, "verdict")
    assert browser.js("return document.activeElement.id") == "author"
    assert not browser.js("return document.getElementById('text').open")


def test_the_text_to_copy_is_the_patch(open_page, tmp_path: Path) -> None:
    browser = open_page()
    press(browser, "a", "a", "a")
    fill(browser, "author", "ann")
    path = exported(browser, tmp_path / "d")
    browser.js("document.getElementById('copy').click()")
    browser.wait(
        "return document.getElementById('text-note').textContent.includes('Ctrl+C')"
        "|| document.getElementById('text-note').textContent.includes('clipboard')"
    )
    assert browser.js("return document.getElementById('lines').value") == path.read_text("utf-8")


def test_filters_by_kind_class_and_link(open_page, review: Review) -> None:
    records = worst_proposals(suspects.proposals_of(review).records)
    fitting = [
        r for r in records
        if r["kind"] == "class" and CLASSES[0] in (r["class"], r["seen_class"])
    ]  # fmt: skip
    browser = open_page(f"kind=class&class={CLASSES[0]}")
    count = browser.js("return document.querySelectorAll('#list li').length")
    assert count == len(fitting) > 0
    values = browser.js("return ['kind', 'class'].map((id) => document.getElementById(id).value)")
    assert values == ["class", CLASSES[0]]
    other = next(i for i, r in enumerate(records) if r["kind"] == "missing")
    browser = open_page(f"kind=class&suspect={other + 1}")
    # A link to one suspect shows it, whatever filters say.
    assert text(browser, "claim").startswith("Nothing is annotated here")


def test_both_boxes_are_drawn_and_the_crop_is_a_part(open_page, review: Review) -> None:
    records = worst_proposals(suspects.proposals_of(review).records)
    for kind, styles in (("missing", {"seen"}), ("class", {"seen", "truth"})):
        position = next(i for i, r in enumerate(records) if r["kind"] == kind)
        browser = open_page(f"suspect={position + 1}")
        press(browser, "g")  # without the other boxes
        drawn = browser.js(
            "return [...document.querySelectorAll('#crop g.box')].map((g) => g.dataset.style)"
        )
        assert sorted(drawn) == sorted(styles)
        crop = browser.js("return document.querySelector('#crop svg').viewBox.baseVal.width")
        assert crop < 100
        whole = browser.js("return document.querySelector('#whole svg').viewBox.baseVal.width")
        assert whole == 100
        press(browser, "g")
        others = browser.js("return document.querySelectorAll('#whole g.box').length")
        image = review.gt.images.index_of_id[records[position]["image_id"]]
        annotated = review.gt.offsets[image + 1] - review.gt.offsets[image]
        assert others == annotated + 1


def test_names_stay_text(open_page) -> None:
    browser = open_page("kind=class&class=" + CLASSES[1].replace("&", "%26"))
    assert CLASSES[1] in text(browser, "claim")
    browser.js("document.querySelectorAll('main b').forEach((node) => node.click())")
    assert browser.js("return window.broken") is None


def test_phone_and_dark(browser: Browser, open_page) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        open_page(size=PHONE)
        assert browser.overflow() <= 0
        grounds.append(browser.js("return getComputedStyle(document.body).backgroundColor"))
        button = browser.js("return document.getElementById('accept').getBoundingClientRect()")
        assert 0 < button["bottom"] <= PHONE[1]
    browser.prefer("light")
    assert grounds[0] != grounds[1]


def test_of_two_edits_of_a_box_only_one_is_accepted(
    browser: Browser, review: Review, tmp_path: Path
) -> None:
    """The same box is suspected twice: as a duplicate and as of another class."""
    source = tmp_path / "suspects.json"
    records = suspects.proposals_of(review).records
    record = next(r for r in records if r["kind"] == "class")
    twice = {**record, "kind": "duplicate", "edit": REMOVE, "to": None, "score": 0.99}
    from custom.files import sha256_of, write_json

    facts = {"file": review.gt.source, "hash": sha256_of(review.gt.source)}
    write_json(source, {"annotations": facts, "suspects": [record, twice]})
    given = Review(review.title, review.gt, review.models, suspects_file=source)
    browser.open(write_alone(given, tmp_path / "out"), "show=all")
    browser.js("localStorage.clear()")
    browser.open(tmp_path / "out" / suspects.FILE, "show=all")
    browser.wait(READY)
    press(browser, "a", "a")
    assert text(browser, "count") == "1 accepted, 0 rejected, 1 open"
    assert "You accepted another edit of this box (number 1)" in text(browser, "verdict")
    press(browser, "r")
    assert text(browser, "count") == "1 accepted, 1 rejected, 0 open"
    browser.js("localStorage.clear()")
    assert browser.errors() == []


def test_without_suspects_the_page_says_so(browser: Browser, review: Review, tmp_path) -> None:
    gt = review.gt
    scores = [0.9] * gt.num_boxes
    seen = Predictions(gt.images.ids, gt.offsets, gt.bboxes, scores, gt.labels)
    nothing = Review("clean", gt, (Model("same", seen),))
    browser.open(write_alone(nothing, tmp_path))
    assert "No annotation looks wrong" in browser.js("return document.body.innerText")
    assert browser.errors() == []
