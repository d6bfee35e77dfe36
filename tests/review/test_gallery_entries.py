from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation.errors import MISSED, find_errors
from custom.review.compute.entries import (
    Entries,
    all_entries,
    images_to_picture,
    rank_in_group,
    worst_entries,
)
from custom.review.draw.drawn import (
    IMAGES_A_CHUNK,
    detection_chunks,
    drawn_detections,
    entries_record,
    first_score,
    truth_chunks,
)
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import jittered, make_toy_annotations


@pytest.fixture(scope="module")
def gt(tmp_path_factory) -> GroundTruth:
    path = tmp_path_factory.mktemp("entries") / "train.json"
    return read_ground_truth(make_toy_annotations(path, 230))


@pytest.fixture(scope="module")
def predictions(gt: GroundTruth) -> Predictions:
    return jittered(gt, seed=3)


def entries_of(kinds: list[int], labels: list[int], images: list[int]) -> Entries:
    count = len(kinds)
    falling = np.linspace(1, 0.1, count)
    return Entries(
        np.array(images), np.array(kinds), np.array(labels), falling, falling, np.arange(count)
    )


def test_every_error_is_listed_once_the_costliest_first(gt, predictions) -> None:
    report = find_errors(gt, predictions)
    entries = all_entries(gt, report)
    of_kind = np.bincount(entries.kinds, minlength=7)
    assert of_kind[1:6].tolist() == np.bincount(report.kinds, minlength=6)[1:].tolist()
    assert of_kind[MISSED] == report.missed.sum()
    assert of_kind[0] == 0
    assert (np.diff(entries.costs) <= 0).all()
    is_missed = entries.kinds == MISSED
    assert (entries.labels[is_missed] == gt.labels[entries.rows[is_missed]]).all()
    assert (entries.labels[~is_missed] == predictions.labels[entries.rows[~is_missed]]).all()


def test_of_two_missed_boxes_that_cost_the_same_the_larger_comes_first(gt) -> None:
    entries = all_entries(gt, find_errors(gt, Predictions.empty(gt.images.ids)))
    assert len(entries) == gt.num_boxes
    of_class = entries.rows[entries.labels == 1]
    assert (np.diff(gt.area[of_class]) <= 0).all()


def test_the_worst_of_each_group_stay_beside_the_worst_of_all() -> None:
    entries = entries_of([1, 1, 1, 5, 1, 5, 5], [0] * 7, [0] * 7)
    assert worst_entries(entries, 2, 1).rows.tolist() == [0, 1, 3]
    assert worst_entries(entries, 0, 2).rows.tolist() == [0, 1, 3, 5]
    assert worst_entries(entries, 100, 0).rows.tolist() == list(range(7))


def test_groups_are_of_a_kind_and_a_class() -> None:
    # Kind 1 of class 2 and kind 2 of class 0 are two groups.
    entries = entries_of([1, 2, 1, 2], [2, 0, 2, 0], [0] * 4)
    assert worst_entries(entries, 0, 1).rows.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("groups", "ranks"),
    [
        pytest.param([], [], id="none"),
        pytest.param([4], [0], id="one"),
        pytest.param([7, 7, 3, 7, 3], [0, 1, 0, 2, 1], id="mixed"),
    ],
)
def test_rank_in_group(groups: list[int], ranks: list[int]) -> None:
    assert rank_in_group(np.array(groups, np.int64)).tolist() == ranks


def test_pictures_go_to_the_worst_of_each_group_then_to_the_costliest() -> None:
    # Costs by image: 3 has 1.0, 1 has 0.55, 2 has 0.1 and the only error of kind 5.
    entries = entries_of([1, 1, 5], [0, 0, 0], [3, 1, 2])
    assert images_to_picture([entries], 5, 2, of_each_group=1).tolist() == [2, 3]
    assert images_to_picture([entries], 5, 3, of_each_group=1).tolist() == [1, 2, 3]
    assert images_to_picture([entries], 5, 9, of_each_group=1).tolist() == [0, 1, 2, 3, 4]


def test_chunks_hold_every_box_in_its_image(gt, predictions) -> None:
    report = find_errors(gt, predictions)
    truth = [image for chunk in truth_chunks(gt) for image in chunk]
    found = [image for chunk in detection_chunks(gt, report) for image in chunk]
    assert len(truth) == len(found) == len(gt.images)
    assert [len(chunk) for chunk in truth_chunks(gt)] == [IMAGES_A_CHUNK, 230 - IMAGES_A_CHUNK]
    for image in (0, 199, 200, 229):
        assert truth[image]["bboxes"] == gt.bboxes[gt.rows(image)].tolist()
        rows = predictions.rows(image)
        assert (
            np.abs(np.array(found[image]["bboxes"]).reshape(-1, 4) - predictions.bboxes[rows]).max(
                initial=0
            )
            <= 0.05
        )
        assert found[image]["labels"] == predictions.labels[rows].tolist()
        assert found[image]["kinds"] == report.kinds[rows].tolist()
    assert sum(len(image["missed"]) for image in found) == report.missed.sum()


def test_entries_name_their_boxes_within_the_drawn_ones(gt, predictions) -> None:
    # Of 100 an image no more count: the 30 most confident copies push boxes of image 0 out.
    rng = np.random.default_rng(0)
    crowd = Predictions.from_rows(
        gt.images.ids,
        np.r_[np.zeros(120, int), predictions.image_index],
        np.r_[np.tile([1.0, 1, 9, 9], (120, 1)), predictions.bboxes],
        np.r_[rng.uniform(0.5, 1, 120), predictions.scores],
        np.r_[np.zeros(120, int), predictions.labels],
    )
    report = find_errors(gt, crowd)
    assert (report.kinds == -1).sum() > 20
    entries = all_entries(gt, report)
    record = entries_record(entries, gt, drawn_detections(report))
    found = [image for chunk in detection_chunks(gt, report) for image in chunk]
    assert len(found[0]["scores"]) == 100
    for image, kind, label, score, place in zip(
        *(record[key] for key in ("images", "kinds", "labels", "scores", "places")), strict=True
    ):
        if kind == MISSED:
            assert place in found[image]["missed"]
            assert gt.labels[gt.rows(image)][place] == label
        else:
            assert found[image]["kinds"][place] == kind
            assert found[image]["labels"][place] == label
            assert found[image]["scores"][place] == score


@pytest.mark.parametrize(
    ("num_gt", "scores", "expected"),
    [
        pytest.param(2, [0.9, 0.33, 0.2, 0.1], 0.3, id="as many as annotated"),
        pytest.param(2, [0.9, 0.3, 0.2], 0.3, id="on a step"),
        pytest.param(3, [0.9, 0.8], 0.0, id="fewer than annotated"),
        pytest.param(0, [0.9, 0.8], 0.0, id="nothing annotated"),
        pytest.param(1, [], 0.0, id="nothing found"),
    ],
)
def test_first_score(num_gt: int, scores: list[float], expected: float) -> None:
    assert first_score(num_gt, np.array(scores)) == expected
