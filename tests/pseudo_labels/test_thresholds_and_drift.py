from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.pseudo_labels.drift import drift_warnings, ks_distance
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import shared_data
from custom.thresholds.applying import above
from custom.thresholds.precise import precise_thresholds

BOX = [10.0, 10.0, 30.0, 30.0]
ELSEWHERE = [50.0, 50.0, 70.0, 70.0]


def truth(num_images: int, names: tuple[str, ...] = ("a", "b")) -> GroundTruth:
    """Return images with the same box of the first class on each."""
    images = Images(
        range(num_images), [f"{i}.jpg" for i in range(num_images)], [[100, 100]] * num_images
    )
    ones = np.ones(num_images)
    return GroundTruth(
        images,
        Categories.from_names(names),
        np.arange(num_images + 1),
        bboxes=np.tile(BOX, (num_images, 1)),
        labels=0 * ones,
        iscrowd=0 * ones,
        area=400 * ones,
        annotation_ids=np.arange(num_images),
    )


def detections(scores: list[float], hits: list[bool], label: int = 0) -> Predictions:
    """Return one box an image, right or wrong."""
    boxes = [BOX if hit else ELSEWHERE for hit in hits]
    index = range(len(scores))
    return Predictions.from_rows(index, index, boxes, scores, [label] * len(scores))


def test_lowest_score_that_is_precise_enough() -> None:
    # Right, right, wrong, right, right, wrong, wrong: shares 1, 1, 2/3, 3/4, 4/5, 4/6, 4/7.
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]
    found = detections(scores, [True, True, False, True, True, False, False])
    (first, second) = precise_thresholds(truth(7), found, precision=0.8, min_support=2)
    assert (first.score_thr, first.precision, first.support) == (0.5, 4 / 5, 5)
    assert first.recall == pytest.approx(4 / 7)
    assert (second.score_thr, second.recall) == (None, 0.0)  # no box of the second class
    assert precise_thresholds(truth(7), found, 0.8, min_support=6)[0].score_thr is None
    assert precise_thresholds(truth(7), found, 0.99, min_support=2)[0].score_thr == 0.8


def test_equal_scores_enter_together() -> None:
    found = detections([0.9, 0.5, 0.5, 0.5], [True, True, False, False])
    (first, _) = precise_thresholds(truth(4), found, precision=0.6, min_support=1)
    assert (first.score_thr, first.support) == (0.9, 1)


def test_above_goes_by_name() -> None:
    found = detections([0.9, 0.5, 0.2], [True] * 3)
    thresholds = precise_thresholds(truth(3), found, precision=0.9, min_support=1)
    score_thrs = {each.name: each.score_thr for each in thresholds}
    assert above(found, Categories.from_names(["a", "b"]), score_thrs).all()
    assert not above(found, Categories.from_names(["b", "a"]), score_thrs).any()
    with pytest.raises(PodiumError, match=r"\(a, b\), but 'c' is not"):
        above(found, Categories.from_names(["c"]), score_thrs)


def test_ks_distance_by_hand() -> None:
    # Of 1 2 3 4, three are at most 3; of 3 4 5 6, one: the largest difference is at 2, 1/2.
    assert ks_distance(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6])) == pytest.approx(0.5)
    assert ks_distance(np.ones(3), np.ones(5)) == 0.0
    assert ks_distance(np.ones(3), np.zeros(0)) == 1.0


def test_drift_names_what_drifts() -> None:
    gt = truth(100)
    same = detections([0.9] * 100, [True] * 100)
    assert drift_warnings(gt, same, gt.images) == []
    other_class = same.with_columns(labels=np.ones(100, np.int64))
    assert drift_warnings(gt, other_class, gt.images)[0].startswith(
        "classes drift by 100%: a is 0%"
    )
    larger = same.with_columns(bboxes=np.tile([0.0, 0, 80, 80], (100, 1)))
    assert drift_warnings(gt, larger, gt.images) == [
        "sizes drift by 100%: the median side is 80% of the image's among the added boxes, "
        "20% among the annotated"
    ]
    twice = Predictions.from_rows(
        np.arange(100), np.arange(200) // 2, np.tile(BOX, (200, 1)), [0.9] * 200, [0] * 200
    )
    (sentence,) = drift_warnings(gt, twice, gt.images)
    assert sentence.startswith("boxes an image drift by 100%: 2.0 on average among the added, 1.0")
    assert drift_warnings(gt, Predictions.empty(np.arange(100)), gt.images) == [
        "there are no boxes to compare"
    ]


def test_folds_of_real_annotations_do_not_drift() -> None:
    gt = read_ground_truth(shared_data("trash-gt/train.json"))
    order = np.random.default_rng(0).permutation(len(gt.images))
    part, rest = gt.take(order[:976]), gt.take(order[976:])
    columns = (part.offsets, part.bboxes, np.ones(part.num_boxes), part.labels)
    assert drift_warnings(rest, Predictions(part.images.ids, *columns), part.images) == []
    small = part.bboxes.copy()
    small[:, 2:] = small[:, :2] + (small[:, 2:] - small[:, :2]) / 2
    shrunk = Predictions(part.images.ids, part.offsets, small, *columns[2:])
    assert "sizes drift" in drift_warnings(rest, shrunk, part.images)[0]


def test_real_thresholds_hold_on_other_images() -> None:
    """Chosen on half of the images, the precision is kept on the other half."""
    from custom.submission import read_submission

    gt = read_ground_truth(shared_data("trash-gt/train.json"))
    path = shared_data("predictions/train_faster_rcnn.csv")
    found = read_submission(path, "trash", gt.images, gt.categories)
    half = np.random.default_rng(0).permutation(len(gt.images))
    thresholds = precise_thresholds(gt.take(half[:2441]), found, precision=0.8)
    score_thrs = {each.name: each.score_thr for each in thresholds}
    kept = replace(found, source="kept").keep(above(found, gt.categories, score_thrs))
    checked = precise_thresholds(gt.take(half[2441:]), kept, precision=1e-9, min_support=1)
    right = sum(t.precision * t.support for t in checked)
    assert right / sum(t.support for t in checked) == pytest.approx(0.8, abs=0.02)
