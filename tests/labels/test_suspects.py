from __future__ import annotations

import numpy as np
import pytest

from custom.labels.calibration import (
    agreement,
    confidences,
    mislabelled,
    misplaced,
    unlabelled,
)
from custom.labels.overlaps import pairwise_iou, relate
from custom.labels.suspects import Suspect, find_suspects
from custom.submission import read_submission
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import shared_data
from custom.testing.planted import plant_errors

A, B = 0, 1
BOX = (10.0, 10.0, 110.0, 110.0)
BESIDE = (60.0, 10.0, 160.0, 110.0)  # IoU with BOX 50 * 100 / (2 * 100 * 100 - 50 * 100) = 1/3
FAR = (200.0, 200.0, 260.0, 260.0)
Box = tuple[float, float, float, float]
Row = tuple[Box, int]


def truth_of(images: list[list[Row]]) -> GroundTruth:
    rows = [row for image in images for row in image]
    count = len(images)
    bboxes = np.array([bbox for bbox, _ in rows]).reshape(-1, 4)
    return GroundTruth(
        Images(np.arange(count), [f"{i}.jpg" for i in range(count)], np.full((count, 2), 300)),
        Categories.from_names(["a", "b"]),
        np.cumsum([0, *map(len, images)]),
        bboxes,
        np.array([label for _, label in rows], np.int64),
        np.zeros(len(rows), bool),
        np.ones(len(rows)),
        np.arange(len(rows)),
    )


def seen_of(
    images: list[list[tuple[Box, int, float]]],
) -> Predictions:
    rows = [(i, *row) for i, image in enumerate(images) for row in image]
    index, bboxes, labels, scores = zip(*rows, strict=True) if rows else ([], [], [], [])
    return Predictions.from_rows(np.arange(len(images)), index, bboxes, scores, labels)


def suspects_beside_good_images(truth: list[Row], seen: list) -> list[Suspect]:
    """The suspects on one image, after a hundred on which both classes are seen as annotated."""
    good_truth = [[(BOX, i % 2)] for i in range(100)]
    good_seen = [[(BOX, i % 2, 0.9)] for i in range(100)]
    found = find_suspects(truth_of([*good_truth, truth]), seen_of([*good_seen, seen]))
    assert all(suspect.image == 100 for suspect in found)
    return found


@pytest.mark.parametrize(
    ("truth", "seen", "expected"),
    [
        pytest.param([(BOX, A)], [(BOX, A, 0.9)], [], id="agreement"),
        pytest.param([], [(BOX, A, 0.9)], [("missing", None, A, BOX)], id="missing"),
        pytest.param([(FAR, A)], [(BOX, A, 0.9)], [("missing", None, A, BOX)], id="missing one"),
        pytest.param([(BOX, A)], [(BOX, B, 0.9)], [("class", 100, B, BOX)], id="class"),
        pytest.param(
            [(BOX, A)], [(BESIDE, A, 0.9)], [("localization", 100, A, BESIDE)], id="localization"
        ),
        pytest.param(
            [(BOX, A), (BOX, A)], [(BOX, A, 0.9)], [("duplicate", 101, A, BOX)], id="twice"
        ),
        pytest.param([(BOX, A)], [], [], id="nothing seen"),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_kinds(truth: list[Row], seen: list, expected: list) -> None:
    found = suspects_beside_good_images(truth, seen)
    strong = [(s.kind, s.row, s.label, s.bbox) for s in found if s.score > 0.5]
    assert strong == expected


def test_both_classes_seen_is_less_suspicious_than_one() -> None:
    (alone,) = suspects_beside_good_images([(BOX, A)], [(BOX, B, 0.9)])
    both = suspects_beside_good_images([(BOX, A)], [(BOX, B, 0.9), (BOX, A, 0.6)])
    assert [s.kind for s in both] in ([], ["class"])
    assert not both or both[0].score < alone.score / 2


def test_a_weaker_copy_of_a_missing_box_is_not_another() -> None:
    near = (12.0, 10.0, 112.0, 110.0)
    found = suspects_beside_good_images([], [(BOX, A, 0.9), (near, B, 0.5)])
    assert [(s.kind, s.label) for s in found] == [("missing", A)]


def test_pairwise_iou_by_hand() -> None:
    one = np.array([BOX, FAR])
    np.testing.assert_allclose(pairwise_iou(one, np.array([BESIDE])), [[1 / 3], [0]])
    assert pairwise_iou(one, np.zeros((0, 4))).shape == (2, 0)


def confidences_of(gt: GroundTruth, predictions: Predictions) -> np.ndarray:
    return confidences(gt, predictions, agreement(gt, predictions, relate(predictions, gt)))


def test_confidence_follows_the_class_and_the_score() -> None:
    """Class b is never right at any score; class a is right when its score is high."""
    rng = np.random.default_rng(0)
    truth, seen = [], []
    for i in range(400):
        score = float(rng.uniform(0.05, 0.95))
        right = i % 2 == 0 and rng.random() < score
        truth.append([(BOX if right else FAR, A)])
        seen.append([(BOX, i % 2, score)])
    sure = confidences_of(truth_of(truth), seen_of(seen))
    scores = np.array([image[0][2] for image in seen])
    np.testing.assert_allclose(sure[::2], scores[::2], atol=0.15)
    assert (np.diff(sure[::2][np.argsort(scores[::2])]) >= 0).all()


def test_a_usual_confusion_is_less_suspicious_than_a_rare_one() -> None:
    in_vain = np.array([0.0, 20.0, 20.0])
    annotated, seen = np.array([0] * 20 + [2]), np.array([1] * 21)
    wrong = mislabelled(annotated, seen, np.full(21, 0.9), in_vain)
    # Shares of what class 1 is seen for in vain, (18 + 5 * .45) / 25 and (.9 + 5 * .0225) / 25.
    usual, rare = 0.1 * 0.81, 0.1 * 0.0405
    assert wrong[0] == pytest.approx(0.09 / (0.09 + usual))
    assert wrong[-1] == pytest.approx(0.09 / (0.09 + rare))


def test_what_is_often_seen_on_the_background_is_seldom_missing() -> None:
    seen, sure = np.array([0] * 20 + [1]), np.full(21, 0.9)
    wrong = unlabelled(seen, sure, in_vain=np.array([20.0, 20.0]))
    assert wrong[-1] > wrong[0] > 0.5


def test_half_an_overlap_says_little_where_boxes_are_loose() -> None:
    loose, tight = np.linspace(0.4, 0.7, 100), np.linspace(0.8, 0.95, 100)
    iou, sure = np.array([0.5]), np.array([0.9])
    assert misplaced(iou, sure, tight) > 2 * misplaced(iou, sure, loose)


def test_boxes_compared_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory must not grow with the square of the boxes on an image: 20,000 took 24 GB."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 200, (300, 2))
    bboxes = np.hstack([corners, corners + rng.uniform(5, 90, (300, 2))])
    rows = [(tuple(box), int(rng.integers(2))) for box in bboxes.tolist()]
    truth = truth_of([rows])
    moved = rng.uniform(-9, 9, (300, 4)) + bboxes
    labels = rng.integers(2, size=300).tolist()
    seen = seen_of(
        [
            [
                (tuple(b), label, s)
                for b, label, s in zip(moved.tolist(), labels, rng.random(300), strict=True)
            ]
        ]
    )
    whole = find_suspects(truth, seen)
    monkeypatch.setattr("custom.labels.overlaps._AT_ONCE", 2_000)
    assert len(whole) > 10
    assert find_suspects(truth, seen) == whole


def test_one_sided_classes_do_not_run_away() -> None:
    truth = [[(BOX, A)] for _ in range(200)]
    sure = confidences_of(truth_of(truth), seen_of([[(BOX, A, 0.99)] for _ in range(200)]))
    assert np.isfinite(sure).all()
    assert (sure > 0.9).all()


@pytest.mark.slow
def test_planted_errors_are_among_the_first() -> None:
    truth = read_ground_truth(shared_data("trash-gt/train.json"))
    path = shared_data("predictions/train_faster_rcnn.csv")
    predictions = read_submission(path, "trash", truth.images, truth.categories)
    images = np.arange(1000)
    planted = plant_errors(truth.take(images), 0.05, seed=1)
    suspects = find_suspects(planted.gt, predictions)
    first = [s for s in suspects if s.kind in ("class", "localization")][:40]
    hits = [(planted.relabelled if s.kind == "class" else planted.shifted)[s.row] for s in first]
    assert np.mean(hits) > 0.75
    missing = [s for s in suspects if s.kind == "missing"][:30]
    hits = [
        pairwise_iou(np.array([s.bbox]), planted.dropped[planted.dropped_image == s.image])
        for s in missing
    ]
    assert np.mean([overlaps.max(initial=0) >= 0.5 for overlaps in hits]) > 0.75


def test_planting_is_seeded_and_counts() -> None:
    truth = truth_of([[(BOX, A), (FAR, B)] for _ in range(50)])
    one, two = plant_errors(truth, 0.1, 3), plant_errors(truth, 0.1, 3)
    assert (len(one.dropped), one.relabelled.sum(), one.shifted.sum()) == (10, 10, 10)
    assert one.gt.num_boxes == 90
    np.testing.assert_array_equal(one.gt.bboxes, two.gt.bboxes)
    changed = one.gt.bboxes != truth.bboxes[np.isin(truth.annotation_ids, one.gt.annotation_ids)]
    np.testing.assert_array_equal(changed.any(axis=1), one.shifted)
