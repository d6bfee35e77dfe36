"""The competition's metric decides: in the table, the warning, the search and the threshold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from custom.boxes import xyxy_to_xywh
from custom.competition import competition_of
from custom.ensemble import FusionConfig, fuse
from custom.ensemble.search import SearchSettings, search
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.errors import PodiumError
from custom.evaluation import score, score_at_best
from custom.files import write_json
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_results, write_results
from tests.ensemble.labelled import ground_truth
from tools.ensemble import EXIT_NO_GAIN, main


@pytest.fixture(scope="module")
def gt() -> GroundTruth:
    return ground_truth(30, num_classes=1)


def loose(gt: GroundTruth) -> Predictions:
    """Every box, of 53% of its size: right at IoU .5, wrong at .6; misses of low score beside."""
    sides = gt.bboxes[:, 2:] - gt.bboxes[:, :2]
    smaller = np.concatenate([gt.bboxes[:, :2], gt.bboxes[:, :2] + sides * [1, 0.53]], axis=1)
    return with_misses(gt, smaller, gt.image_index)


def precise(gt: GroundTruth) -> Predictions:
    """Four of five boxes as they are; misses of low score beside."""
    kept = np.arange(gt.num_boxes) % 5 != 0
    return with_misses(gt, gt.bboxes[kept], gt.image_index[kept])


def with_misses(gt: GroundTruth, bboxes: np.ndarray, image_index: np.ndarray) -> Predictions:
    every = np.arange(len(gt.images))
    misses = np.tile([1000.0, 1000.0, 1020.0, 1020.0], (len(every), 1))
    return Predictions.from_rows(
        gt.images.ids,
        np.concatenate([image_index, every]),
        np.concatenate([bboxes, misses]),
        np.concatenate([np.linspace(0.5, 0.9, len(bboxes)), np.linspace(0.01, 0.1, len(every))]),
        np.zeros(len(bboxes) + len(every), int),
        "model",
    )


def annotations(gt: GroundTruth) -> dict[str, Any]:
    sizes = zip(
        gt.images.ids.tolist(), gt.images.file_names, gt.images.sizes_hw.tolist(), strict=True
    )
    boxes = zip(
        gt.images.ids[gt.image_index].tolist(), xyxy_to_xywh(gt.bboxes).tolist(), strict=True
    )
    return {
        "images": [
            {"id": i, "file_name": name, "height": h, "width": w} for i, name, (h, w) in sizes
        ],
        "categories": [{"id": 0, "name": gt.categories.names[0]}],
        "annotations": [
            {"id": k, "image_id": i, "category_id": 0, "bbox": box, "area": box[2] * box[3]}
            for k, (i, box) in enumerate(boxes)
        ],
    }


@pytest.fixture
def files(gt: GroundTruth, tmp_path: Path) -> list[str]:
    for name, model in (("loose", loose(gt)), ("precise", precise(gt))):
        write_results(tmp_path / f"{name}.json", model, gt.categories)
    write_json(tmp_path / "ann.json", annotations(gt))
    options = ["--ann", str(tmp_path / "ann.json"), "--out", str(tmp_path / "sub"), "--name", "x"]
    return [str(tmp_path / "loose.json"), str(tmp_path / "precise.json"), *options]


def test_the_two_metrics_prefer_different_models(gt: GroundTruth) -> None:
    # By hand: the loose model is right at one of Wheat's six thresholds, the precise one at all.
    assert score(gt, loose(gt)).value > score(gt, precise(gt)).value
    assert score_at_best(gt, loose(gt), "wheat").value == pytest.approx(1 / 6)
    assert score_at_best(gt, precise(gt), "wheat").value > 0.7


@pytest.mark.parametrize(
    ("options", "title", "best"),
    [
        pytest.param(["--format", "wheat"], "wheat", "precise", id="a format brings its metric"),
        pytest.param(["--metric", "rsna"], "rsna", "precise", id="a metric"),
        pytest.param(
            ["--format", "wheat", "--metric", "AP50"], "mAP50", "loose", id="metric over format"
        ),
        pytest.param([], "mAP50", "loose", id="neither"),
    ],
)
def test_the_best_model_is_the_metrics(
    files: list[str],
    options: list[str],
    title: str,
    best: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*files, *options, "--weights", "1", "0.01", "--strict"]) == EXIT_NO_GAIN
    printed = capsys.readouterr().out
    assert f"val {title}" in printed
    assert f"the best single model ({best}, {title}" in printed


def test_the_threshold_is_in_the_submission_and_its_record(
    files: list[str], gt: GroundTruth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([files[1], *files[2:], "--format", "wheat"]) == 0
    written = read_results(tmp_path / "sub" / "x.json", gt.images, gt.categories)
    assert written.scores.min() > 0.1
    meta = json.loads((tmp_path / "sub" / "x.meta.json").read_text())
    score_thr = meta["recipe"]["configs"][0]["final_score_thr"]
    assert 0.1 < score_thr <= written.scores.min()
    assert meta["val"]["metric"] == "wheat"
    assert meta["val"]["value"] == pytest.approx(score(gt, written, "wheat").value)
    printed = capsys.readouterr().out
    assert f"left out: precise {score_thr:g}, ENSEMBLE {score_thr:g}" in printed
    assert f"boxes are below the score threshold {score_thr:g} and left out" in printed


def test_an_average_precision_keeps_every_box(files: list[str], tmp_path: Path) -> None:
    main([files[1], *files[2:], "--skip-box-thr", "0"])
    assert len(json.loads((tmp_path / "sub" / "x.json").read_text())) > 0
    meta = json.loads((tmp_path / "sub" / "x.meta.json").read_text())
    assert "final_score_thr" not in meta["recipe"]["configs"][0]


def test_without_labelled_images_a_missing_threshold_is_said(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--images", *files[3:], "--format", "wheat"]
    main([*files[:2], *options])
    assert "no score threshold was chosen" in capsys.readouterr().out
    main([*files[:2], *options, "--score-thr", "0.3", "--overwrite"])
    assert "no score threshold was chosen" not in capsys.readouterr().out
    boxes = json.loads((tmp_path / "sub" / "x.json").read_text())
    assert min(box["score"] for box in boxes) >= 0.3


def test_the_search_and_its_replay_are_by_the_metric(
    files: list[str], gt: GroundTruth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.json"
    search_options = ["--search", "--trials", "12", "--recipe-out", str(recipe)]
    assert main([*files, *search_options, "--format", "wheat"]) == 0
    content = json.loads(recipe.read_text())
    assert content["search"]["metric"] == "wheat"
    alone = score_at_best(gt, precise(gt), "wheat").value
    assert content["scores"]["in_sample"] >= content["scores"]["singles"]["precise"] == alone
    assert content["configs"][0]["final_score_thr"] > 0.1
    capsys.readouterr()
    assert main([*files, "--recipe", str(recipe), "--overwrite"]) == 0
    assert "val wheat" in capsys.readouterr().out


def test_the_threshold_of_a_fold_is_chosen_without_it(gt: GroundTruth) -> None:
    folds = make_inner_folds(len(gt.images), 3, seed=0)
    objective = Objective([precise(gt), loose(gt)], gt, folds, "wheat")
    config = FusionConfig(iou_thr=0.6)
    for index, positions in ((ALL, np.arange(len(gt.images))), (objective.on(1), folds[1])):
        tuned = objective.at_best_threshold(config, index)
        part = gt.take(positions)
        fused = fuse(objective.models, gt.images, config)
        expected = score_at_best(part, fused, "wheat")
        assert tuned.final_score_thr == expected.score_thr
        assert objective.score(tuned, index) == pytest.approx(expected.value)
    result = search(
        objective.models, gt, SearchSettings(trials=6, inner_folds=3, metric="wheat", seed=0)
    )
    assert result.chosen.in_sample >= result.references["best single model"].in_sample


@pytest.mark.parametrize(
    ("metric", "format_name", "expected"),
    [
        (None, None, ("AP50", "trash")),
        (None, "wheat", ("wheat", "wheat")),
        (None, "rsna", ("rsna", "rsna")),
        (None, "gbr", ("gbr_f2", "gbr")),
        (None, "siim", ("siim", "siim")),
        (None, "vinbigdata", ("vinbigdata", "vinbigdata")),
        (None, "coco", ("AP50", "coco")),
        ("AP", "wheat", ("AP", "wheat")),
    ],
)
def test_what_decides_without_runs(
    metric: str | None, format_name: str | None, expected: tuple[str, str]
) -> None:
    competition = competition_of((), metric, format_name)
    assert (competition.metric.name, competition.format_name) == expected


def test_unknown_names_are_refused() -> None:
    with pytest.raises(PodiumError, match=r"metric must be one of AP50, .*but is 'mAP50'"):
        competition_of((), "mAP50")
    with pytest.raises(PodiumError, match="format must be one of"):
        competition_of((), None, "csv")


def test_a_threshold_out_of_range_is_refused(files: list[str]) -> None:
    with pytest.raises(PodiumError, match=r"final_score_thr must be between 0 and 1, but is 1\.5"):
        main([*files, "--score-thr", "1.5"])
