"""Reviews of labels: what makes no sense is left out, thresholds and worst labels are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from custom.evaluation import match_for
from custom.files import read_json
from custom.review import Request, read_review, write_review
from custom.review.compute.worst import worst_labels
from custom.runs import read_run
from custom.tables.coco import read_ground_truth
from custom.testing.label_runs import make_label_run, make_label_split
from tests.evaluation.labelled import make_labelled
from tests.review.conftest import Browser


@pytest.fixture(scope="module", params=["image", "region"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    make_label_split(folder / "data", request.param, num_videos=30)
    for seed in (1, 2):
        run = folder / "runs" / f"x{seed}"
        make_label_run(folder / "data", run, request.param, noise=1.5, seed=seed)
    for name in read_ground_truth(folder / "data" / "train.json").images.file_names:
        path = folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (100, 100), (90, 120, 150)).save(path)
    runs = [str(folder / "runs" / f"x{seed}") for seed in (1, 2)]
    review = read_review(Request(runs=runs, images_dir=folder / "data"))
    return write_review(review, folder / "review").parent


def test_pages_leave_out_what_makes_no_sense(written: Path) -> None:
    pages = {path.name: path.read_text() for path in written.glob("*.html")}
    assert set(pages) == {"index.html", "thresholds.html", "worst.html"}
    for text in pages.values():
        for word in ("IoU", "small ", "localization", "mAP50", "pycocotools", "detections"):
            assert word not in text, word
    assert "ranking AP" in pages["index.html"]
    facts = read_json(written / "review.json")
    values = {model["name"]: model["value"] for model in facts["models"]}
    assert facts["metric"] == "ranking_AP"
    # Two noises averaged are less.
    assert values["ensemble"] > max(values["x1"], values["x2"])
    assert len(list((written / "pictures").glob("*-small.jpg"))) > 20


def test_the_slider_shows_counts(written: Path, browser: Browser) -> None:
    browser.open(written / "thresholds.html")
    assert not browser.errors()
    rows = "return [...document.querySelectorAll('#rows tr')].map(r => r.innerText.split('\\t'))"
    move = (
        "const s = document.getElementById('threshold'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input'))"
    )
    browser.js(move, 0)
    low = browser.js(rows)
    browser.js(move, 200)
    high = browser.js(rows)
    # name, precision, recall, F1, TP, FP, FN, TN: at 0 all are given, at 1 none.
    assert low[0][6:8] == ["0", "0"]
    assert high[0][4:6] == ["0", "0"]
    assert high[0][6:8] == low[0][4:6]
    for page in ("index.html", "worst.html"):
        browser.open(written / page)
        assert not browser.errors()


def test_thresholds_of_detectors_have_no_true_negatives(
    review_folder: Path, browser: Browser
) -> None:
    browser.open(review_folder / "thresholds.html")
    cells = browser.js("return document.querySelector('#rows tr').innerText.split('\\t')")
    assert cells[7] == "\u2013"
    assert not browser.errors()


def test_worst_labels_by_hand() -> None:
    case = make_labelled(1)
    table = case.predictions()
    matches = match_for(case.gt(), table, "ranking_AP")
    negatives, positives = worst_labels(matches, table, 0, shown=5)
    truth, scores = case.truth[:, 0], case.scores[:, 0]
    assert [each.score for each in negatives] == sorted(scores[truth == 0])[::-1][:5]
    assert [each.score for each in positives] == sorted(scores[truth == 1])[:5]
    assert all(truth[each.image] == 0 for each in negatives)
    assert np.all([each.bbox == (0, 0, 1000, 1000) for each in positives])


def test_a_made_run_is_reviewed_too(tmp_path: Path) -> None:
    make_label_split(tmp_path / "data", "image", num_videos=15)
    make_label_run(tmp_path / "data", tmp_path / "runs" / "x", "image")
    review = read_review(Request(runs=[str(tmp_path / "runs" / "x")], metric="F1"))
    page = write_review(review, tmp_path / "review")
    assert "given from a score of" in page.read_text()
    assert read_run(tmp_path / "runs" / "x").record.task == "image"
