from __future__ import annotations

import numpy as np
import pytest

from custom.boxes import xyxy_to_xywh
from custom.errors import PodiumError
from custom.evaluation.errors import ERROR_NAMES, find_errors
from custom.tables import GroundTruth, Predictions
from tests.evaluation.cases import make_case, make_gt, make_predictions
from tests.evaluation.real_data import coco_gt, coco_predictions, trash_gt, trash_predictions

SHORT_NAMES = {
    "classification": "Cls",
    "localisation": "Loc",
    "both": "Both",
    "duplicate": "Dupe",
    "background": "Bkg",
    "missed": "Miss",
}
BOX, FAR = (0, 0, 100, 100), (500, 0, 600, 100)


def tide_run(gt: GroundTruth, predictions: Predictions):
    tidecv = pytest.importorskip("tidecv", reason="tidecv 1.0.1 is not installed")
    truth, found = tidecv.Data("gt"), tidecv.Data("predictions")
    for label, name in enumerate(gt.categories.names):
        truth.add_class(label, name)
    for image in range(len(gt.images)):
        truth.add_image(image, str(image))
        found.add_image(image, str(image))
    bboxes_xywh = xyxy_to_xywh(gt.bboxes).tolist()
    for row, image in enumerate(gt.image_index.tolist()):
        add = truth.add_ignore_region if gt.iscrowd[row] else truth.add_ground_truth
        add(image, int(gt.labels[row]), bboxes_xywh[row])
    bboxes_xywh = xyxy_to_xywh(predictions.bboxes).tolist()
    for row, image in enumerate(predictions.image_index.tolist()):
        label, score = int(predictions.labels[row]), float(predictions.scores[row])
        found.add_detection(image, label, score, bboxes_xywh[row])
    return tidecv.TIDE().evaluate(truth, found, pos_threshold=0.5)


def assert_equal_to_tidecv(gt: GroundTruth, predictions: Predictions) -> None:
    """Class by class: in the mean, tidecv counts classes without boxes as zero."""
    run, ours = tide_run(gt, predictions), find_errors(gt, predictions)
    known = np.flatnonzero(~np.isnan(ours.per_class))
    assert len(known)

    def theirs(ap_data) -> np.ndarray:
        return np.array([ap_data.objs[label].get_ap() / 100 for label in known])

    np.testing.assert_allclose(ours.per_class[known], theirs(run.ap_data), rtol=0, atol=1e-10)
    kinds = {kind.short_name: kind for kind in run.count_errors()}
    for name, gains in ours.class_gains.items():
        kind = kinds[SHORT_NAMES[name]]
        assert ours.counts[name].sum() == run.count_errors()[kind]
        corrected = theirs(run.fix_errors(lambda error, kind=kind: isinstance(error, kind)))
        expected = corrected - ours.per_class[known]
        np.testing.assert_allclose(gains[known], expected, rtol=0, atol=1e-10, err_msg=name)
        assert ours.gains[name] == pytest.approx(max(expected.mean(), 0), abs=1e-10)
    special = {kind.short_name: kind for kind in run.fix_special_errors()}
    fixed = run.fix_errors(transform=special["FalsePos"].fix)
    gain = (theirs(fixed) - ours.per_class[known]).mean()
    assert ours.false_positive_gain == pytest.approx(gain, abs=1e-10)
    gain = theirs(run.fix_errors(false_neg_dict=run.false_negatives)) - ours.per_class[known]
    assert ours.false_negative_gain == pytest.approx(gain.mean(), abs=1e-10)


def test_equal_to_tidecv_on_trash():
    assert_equal_to_tidecv(trash_gt(), trash_predictions())


def test_whole_summary_equals_tidecv_where_every_class_has_boxes():
    gt, predictions = trash_gt(), trash_predictions()
    run, ours = tide_run(gt, predictions), find_errors(gt, predictions)
    assert ours.value == pytest.approx(run.ap / 100, abs=1e-10)
    theirs = {kind.short_name: value for kind, value in run.fix_main_errors().items()}
    for name, gain in ours.gains.items():
        assert gain == pytest.approx(theirs[SHORT_NAMES[name]] / 100, abs=1e-10)


def test_equal_to_tidecv_on_coco_with_crowds():
    assert_equal_to_tidecv(coco_gt(), coco_predictions())


@pytest.mark.parametrize("seed", range(6))
def test_equal_to_tidecv_on_random_data(seed):
    gt, predictions = make_case(seed, num_images=30, shuffled_ids=False)
    assert_equal_to_tidecv(gt, predictions)


@pytest.mark.parametrize(
    ("dets", "kinds"),
    [
        pytest.param([(0, 0.9, BOX)], [0], id="hit"),
        pytest.param([(1, 0.9, BOX)], [1], id="classification"),
        pytest.param([(0, 0.9, (0, 0, 30, 100))], [2], id="localisation, IoU .3"),
        pytest.param([(1, 0.9, (0, 0, 30, 100))], [3], id="both, IoU .3 with another class"),
        pytest.param([(0, 0.9, BOX), (0, 0.8, BOX)], [0, 4], id="duplicate"),
        pytest.param([(0, 0.9, FAR)], [5], id="background"),
        pytest.param([(1, 0.9, (0, 0, 9, 100))], [5], id="background, IoU .09"),
    ],
)
def test_kinds_by_hand(dets, kinds):
    gt = make_gt([(0, 0, *BOX)], num_classes=2)
    report = find_errors(gt, make_predictions([(0, c, s, *box) for c, s, box in dets]))
    assert report.kinds.tolist() == kinds
    # The box is missed where nothing hits it nor would if its class or box were corrected.
    assert report.missed.tolist() == [not {0, 1, 2} & set(kinds)]


def test_gains_by_hand():
    # Class 0: one of two boxes hit. Class 1: its one box is found as class 0, before the hit.
    gt = make_gt([(0, 0, *BOX), (0, 0, *FAR), (1, 1, *BOX)], 2, 2)
    found = make_predictions([(1, 0, 0.9, *BOX), (0, 0, 0.8, *BOX)], 2)
    report = find_errors(gt, found)
    # Precision 1/2 at recall 1/2, so 51 of 101 recalls.
    np.testing.assert_allclose(report.per_class, [51 / 101 / 2, 0])
    # Mended, class 0 has precision 1 up to recall 1/2, and class 1 is found.
    np.testing.assert_allclose(report.class_gains["classification"], [51 / 101 / 2, 1])
    # Without the missed box of class 0 its recall is 1, at precision 1/2.
    np.testing.assert_allclose(report.class_gains["missed"], [1 / 2 - 51 / 101 / 2, 0])
    assert report.counts["missed"].tolist() == [1, 0]
    assert report.counts["classification"].tolist() == [1, 0]
    assert report.gt_rows.tolist() == [0, 2]


def test_classes_without_boxes_do_not_count():
    gt = make_gt([(0, 0, *BOX)], num_classes=2)
    found = make_predictions([(0, 0, 0.9, *BOX), (0, 1, 0.9, *FAR)])
    report = find_errors(gt, found)
    assert report.value == 1.0  # tidecv gives 1/2
    np.testing.assert_array_equal(report.per_class, [1.0, np.nan])


def test_nothing_annotated_gives_nan():
    report = find_errors(make_gt([]), make_predictions([(0, 0, 0.9, *BOX)]))
    assert np.isnan(report.value)
    assert all(np.isnan(gain) for gain in report.gains.values())
    assert report.kinds.tolist() == [5]


def test_every_box_is_accounted_for():
    gt, predictions = make_case(7)
    report = find_errors(gt, predictions)
    assert (report.kinds == 0).sum() == len(set(report.gt_rows[report.kinds == 0].tolist()))
    assert set(report.counts) == set(report.gains) == set(ERROR_NAMES.values())
    num_errors = sum(int(report.counts[n].sum()) for n in report.counts if n != "missed")
    assert num_errors + (report.kinds == 0).sum() == predictions.num_boxes


def test_boxes_beyond_the_limit_are_marked():
    gt = make_gt([(0, 0, *BOX)])
    report = find_errors(gt, make_predictions([(0, 0, 0.5, *FAR)] * 5), max_dets=3)
    assert report.kinds.tolist() == [5, 5, 5, -1, -1]


def test_bad_thresholds():
    with pytest.raises(PodiumError, match=r"0 <= bg_thr < pos_thr <= 1, but are 0.5 and 0.5"):
        find_errors(*make_case(1), bg_thr=0.5)
