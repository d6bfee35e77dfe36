"""The registered metric says what the tables say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from custom.detection.metrics.competition_metric import CompetitionMetric, limit_to_images
from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json, write_json
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import jittered, make_toy_annotations


def samples_of(predictions) -> list[dict]:
    rows = [predictions.rows(i) for i in range(predictions.num_images)]
    columns = ("bboxes", "scores", "labels")
    return [
        {
            "img_id": int(image_id),
            "pred_instances": {
                name: torch.from_numpy(getattr(predictions, name)[row].copy()) for name in columns
            },
        }
        for image_id, row in zip(predictions.image_ids, rows, strict=True)
    ]


def test_the_metric_equals_the_score_of_the_table(tmp_path: Path) -> None:
    path = make_toy_annotations(tmp_path / "train.json", 8)
    gt = read_ground_truth(path)
    predictions = jittered(gt, seed=1)
    metric = CompetitionMetric(str(path))
    metric.process({}, samples_of(predictions)[::-1])  # in any order
    metrics = metric.evaluate(8)
    expected = score(gt, predictions)
    assert metrics["coco/bbox_mAP_50"] == expected.value
    assert metrics["coco/can_AP50"] == expected.per_class[0]
    assert metrics["coco/bbox_mAP"] == score(gt, predictions, metric="AP").value
    assert 0.0 < expected.value < 1.0
    assert metric.predictions is not None
    assert metric.predictions.num_boxes == predictions.num_boxes


def test_an_image_without_boxes_lowers_the_score(tmp_path: Path) -> None:
    path = make_toy_annotations(tmp_path / "train.json", 8)
    gt = read_ground_truth(path)
    predictions = jittered(gt, seed=1)
    fewer = predictions.keep(predictions.image_index != 0)
    metric = CompetitionMetric(str(path))
    metric.process({}, samples_of(fewer))
    assert metric.evaluate(8)["coco/bbox_mAP_50"] < score(gt, predictions).value


def test_unlabelled_images_give_no_keys(tmp_path: Path) -> None:
    path = make_toy_annotations(tmp_path / "test.json", 2, labelled=False)
    labelled = read_ground_truth(make_toy_annotations(tmp_path / "boxes.json", 2))
    metric = CompetitionMetric(str(path))
    metric.process({}, samples_of(jittered(labelled, seed=1)))
    assert metric.evaluate(2) == {}
    assert metric.predictions is not None
    assert metric.predictions.num_images == 2


def test_a_class_without_boxes_is_nan_and_an_unknown_image_an_error(tmp_path: Path) -> None:
    path = make_toy_annotations(tmp_path / "train.json", 4)
    content = read_json(path)
    content["annotations"] = [a for a in content["annotations"] if a["category_id"] != 2]
    write_json(path, content)
    gt = read_ground_truth(path)
    metric = CompetitionMetric(str(path))
    metric.process({}, samples_of(jittered(gt, seed=1)))
    metrics = metric.evaluate(4)
    assert math.isnan(metrics["coco/box_AP50"])
    assert not math.isnan(metrics["coco/bbox_mAP_50"])
    stranger = samples_of(jittered(gt, seed=1))
    stranger[0]["img_id"] = 99
    metric.process({}, stranger)
    with pytest.raises(PodiumError, match="no image has id 99"):
        metric.evaluate(4)


def test_boxes_are_limited_to_their_images_and_none_without_area_is_left(tmp_path: Path) -> None:
    gt = read_ground_truth(make_toy_annotations(tmp_path / "train.json", 2))
    bboxes = [[-5, 10, 20, 130], [101, 0, 110, 9], [1, 2, 3, 4]]  # images are 100x100
    found = Predictions.from_rows([0, 1], [0, 0, 1], bboxes, [0.9, 0.8, 0.7], [0, 1, 2])
    limited = limit_to_images(found, gt.images)
    assert limited.bboxes.tolist() == [[0, 10, 20, 100], [1, 2, 3, 4]]
    assert limited.scores.tolist() == [0.9, 0.7]
    assert limited.offsets.tolist() == [0, 1, 2]
    assert found.bboxes.tolist() == bboxes
