from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import average_precision, match, match_for, score, score_matches
from tests.evaluation.cases import make_case, make_gt, make_predictions, repeated_tables

BOX = (0, 0, 100, 100)
SHIFTED = (100, 0, 200, 100)


@pytest.mark.parametrize(
    ("gt_rows", "det_rows", "expected"),
    [
        pytest.param([], [], np.nan, id="nothing at all"),
        pytest.param([], [(0, 0, 0.9, *BOX)], np.nan, id="no boxes annotated"),
        pytest.param([(0, 0, *BOX)], [], 0.0, id="nothing found"),
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, *BOX)], 1.0, id="one hit"),
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.0, *BOX)], 1.0, id="a score of zero counts"),
        # IoU 50 * 100 / (100 * 100) is exactly the threshold, which is enough.
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, 0, 0, 50, 100)], 1.0, id="at the threshold"),
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, 0, 0, 49, 100)], 0.0, id="below the threshold"),
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, *SHIFTED)], 0.0, id="touching edges"),
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, 5, 5, 5, 5)], 0.0, id="a box without area"),
        # Miss, then hit: precision 1/2 at every recall.
        pytest.param(
            [(0, 0, *BOX)], [(0, 0, 0.9, *SHIFTED), (0, 0, 0.8, *BOX)], 1 / 2, id="miss first"
        ),
        # The second on the same box is a miss, and comes after recall 1.
        pytest.param([(0, 0, *BOX)], [(0, 0, 0.9, *BOX)] * 2, 1.0, id="duplicate after the hit"),
        # Half of the boxes: precision 1 at the recalls 0, .01, ..., .50.
        pytest.param(
            [(0, 0, *BOX), (0, 0, *SHIFTED)], [(0, 0, 0.9, *BOX)], 51 / 101, id="half found"
        ),
    ],
)
def test_by_hand(gt_rows, det_rows, expected):
    result = score(make_gt(gt_rows), make_predictions(det_rows))
    np.testing.assert_allclose([result.value, *result.per_class], [expected] * 2, atol=1e-12)
    assert result.num_gt.tolist() == [len(gt_rows)]


def test_classes_without_boxes_are_not_in_the_mean():
    gt = make_gt([(0, 0, *BOX), (0, 2, *SHIFTED)], num_classes=3)
    found = make_predictions([(0, 0, 0.9, *BOX), (0, 1, 0.9, *BOX)])
    result = score(gt, found)
    np.testing.assert_array_equal(result.per_class, [1.0, np.nan, 0.0])
    assert result.value == (1.0 + 0.0) / 2


def test_ties_go_to_the_lower_image_id():
    # Both at .9: the hit is on image 7, the miss on image 3, which comes first by id.
    gt = make_gt([(0, 0, *BOX)], num_images=2, image_ids=[7, 3])
    found = make_predictions([(0, 0, 0.9, *BOX), (1, 0, 0.9, *BOX)], 2, [7, 3])
    assert score(gt, found).value == 1 / 2
    gt = make_gt([(0, 0, *BOX)], num_images=2, image_ids=[3, 7])
    found = make_predictions([(0, 0, 0.9, *BOX), (1, 0, 0.9, *BOX)], 2, [3, 7])
    assert score(gt, found).value == 1.0


def test_order_of_images_does_not_matter():
    gt, predictions = make_case(1)
    order = np.random.default_rng(0).permutation(len(gt.images))
    expected = score(gt, predictions, "AP").per_class
    for shuffled in (
        score(gt, predictions.take(order), "AP"),
        score(gt.take(order), predictions, "AP"),
        score(gt.take(order), predictions.take(order), "AP"),
    ):
        np.testing.assert_array_equal(shuffled.per_class, expected)


def test_more_images_than_annotated_are_fine():
    gt, predictions = make_case(2)
    part = gt.take(np.arange(10))
    assert score(part, predictions).value == score(part, predictions.take(np.arange(10))).value


def test_inputs_stay_and_result_does_not_depend_on_threads(monkeypatch):
    gt, predictions = make_case(4, num_images=2500, boxes=8)
    before = [predictions.bboxes.copy(), predictions.scores.copy(), gt.bboxes.copy()]
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("PODIUM_NUM_THREADS", threads)
        matches = match(gt, predictions, (0.5, 0.8), ("all", "small"), keep_gt=True)
        results.append((matches.outcomes, matches.ranks, matches.matched_gt))
    assert predictions.num_boxes * 4 > 10_000  # enough for the threads to be used
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(before, [predictions.bboxes, predictions.scores, gt.bboxes], strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_detection_is_accounted_for():
    gt, predictions = make_case(6)
    matches = match(gt, predictions, (0.5,), keep_gt=True)
    assert sorted(matches.rows.tolist()) == list(range(predictions.num_boxes))
    np.testing.assert_array_equal(matches.scores, predictions.scores[matches.rows])
    np.testing.assert_array_equal(matches.labels, predictions.labels[matches.rows])
    taken = matches.matched_gt[0, 0]
    hits = matches.outcomes[0, 0] == 1
    assert (taken[hits] >= 0).all()
    assert len(np.unique(taken[hits])) == hits.sum()
    assert (gt.labels[taken[hits]] == matches.labels[hits]).all()
    assert (gt.image_index[taken[hits]] == matches.image_index[hits]).all()


def test_weights_are_repetitions():
    gt, predictions = make_case(8, ties=False)
    weights = np.random.default_rng(0).integers(0, 3, len(gt.images))
    again_gt, again = repeated_tables(gt, predictions, weights)
    expected = score(again_gt, again).per_class
    found = score_matches(match_for(gt, predictions, "AP50"), "AP50", weights).per_class
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"labels": [2]}, "labels must be 0..1, .* box 0 of image id 0 has 2", id="label"
        ),
        pytest.param({"labels": [-1]}, "labels must be 0..1", id="negative label"),
        pytest.param({"scores": [np.nan]}, "must be finite numbers", id="nan score"),
        pytest.param({"bboxes": [[0, 0, np.inf, 9]]}, "must be finite numbers", id="infinite box"),
        pytest.param({"bboxes": [[50, 50, 20, 20]]}, "x2 >= x1 .* width, height", id="xywh"),
    ],
)
def test_bad_predictions(change, message):
    gt = make_gt([(0, 0, *BOX)], num_classes=2)
    good = make_predictions([(0, 0, 0.9, *BOX)])
    with pytest.raises(PodiumError, match=message):
        score(gt, good.with_columns(**{k: np.array(v) for k, v in change.items()}))


def test_bad_arguments():
    gt, predictions = make_case(0)
    with pytest.raises(PodiumError, match=r"metric must be one of AP50.*'mAP'"):
        score(gt, predictions, "mAP")
    with pytest.raises(PodiumError, match="backend must be one of"):
        score(gt, predictions, backend="fast")
    with pytest.raises(PodiumError, match="misses 3 of them"):
        score(gt, predictions.take(np.arange(3, len(gt.images))))
    for wrong in ({"iou_thrs": (0.0,)}, {"iou_thrs": ()}, {"areas": ("tiny",)}, {"max_dets": 0}):
        with pytest.raises(PodiumError, match="must be"):
            match(gt, predictions, **wrong)
    matches = match(gt, predictions, (0.5,))
    with pytest.raises(PodiumError, match="area must be among those matched"):
        average_precision(matches, "small")
    with pytest.raises(PodiumError, match="max_dets must be 1 to 100"):
        average_precision(matches, max_dets=101)
    with pytest.raises(PodiumError, match="whole numbers, one an image"):
        average_precision(matches, image_weights=np.ones(3))
    with pytest.raises(PodiumError, match="must be made at IoU"):
        score_matches(matches, "AP75")
    with pytest.raises(PodiumError, match=r"rule voc, but are at .* coco: use match_for"):
        score_matches(matches, "voc")


def test_number_of_threads_must_be_a_number(monkeypatch):
    monkeypatch.setenv("PODIUM_NUM_THREADS", "two")
    with pytest.raises(PodiumError, match="PODIUM_NUM_THREADS must be a whole number"):
        match(*make_case(1))
