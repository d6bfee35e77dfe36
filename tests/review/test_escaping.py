"""Names that would be code where they are not escaped: classes, files, folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from custom.files import read_json, write_json
from custom.review import Request, read_review, write_review
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import jittered, make_toy_split
from tests.review.conftest import Browser, pages_of

CODE = "<script>window.hacked = 1; alert(1)</script>"
QUOTED = "\"'><img src=x onerror=alert(2)> & %{x}"
CLOSING = "</script></title><b>' +alert(3)+ '"
CLASSES = (CODE, QUOTED, CLOSING)
FILE = "<img src=x onerror=alert(4)>\"'&#.jpg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review in which every name is one of these."""
    tmp_path = tmp_path_factory.mktemp("escaping")
    make_toy_split(tmp_path / "data", num_images=9)
    ann = tmp_path / "data" / "train.json"
    content = read_json(ann)
    for category, name in zip(content["categories"], CLASSES, strict=True):
        category["name"] = name
    images = tmp_path / "data"
    for index, image in enumerate(content["images"]):
        image["file_name"] = f"{index}{FILE}"
        Image.new("RGB", (100, 100), "grey").save(images / image["file_name"])
    write_json(ann, content)
    gt = read_ground_truth(ann)
    for name, seed in (("<i>a", 1), ("b&'\"", 2)):
        write_results(tmp_path / f"{name}.json", jittered(gt, seed), gt.categories)
    paths = sorted(map(str, tmp_path.glob("*.json")))
    request = Request(predictions=paths, ann_file=ann, images_dir=images)
    return write_review(read_review(request), tmp_path / "review").parent


def test_no_file_has_a_name_as_code(folder: Path) -> None:
    assert len(pages_of(folder)) >= 4
    for path in [*folder.glob("*.html"), *folder.glob("data/*.js"), folder / "index.html"]:
        text = path.read_text(encoding="utf-8")
        for name in (CODE, QUOTED, CLOSING, FILE, "<i>a"):
            assert name not in text, path
        if path.suffix == ".js":
            assert "<" not in text, path


@pytest.mark.browser
def test_names_are_shown_as_they_are(browser: Browser, folder: Path) -> None:
    for page in pages_of(folder):
        browser.open(folder / page)
        assert browser.errors() == [], page
        assert browser.js("return window.hacked || 0") == 0
        assert browser.js("return document.querySelectorAll('img[src=x], title b').length") == 0
    browser.open(folder / "index.html")
    links = "[...document.querySelectorAll('a[href^=classes]')]"
    address = browser.js(f"return {links}.find((a) => a.textContent === arguments[0]).href", CODE)
    browser.open(folder / "classes.html", address.partition("#")[2])
    browser.wait("return document.body.dataset.shown")
    assert browser.js("return document.getElementById('heading').textContent") == CODE
    browser.wait("return document.querySelector('#matrix .heatmaplayer image')")
    labels = browser.js(
        "return [...document.querySelectorAll('#matrix .ytick text')].map((t) => t.textContent)"
    )
    assert labels[:3] == [f"{name[:23]}\u2026" for name in CLASSES]
    assert browser.errors() == []
