from __future__ import annotations

import numpy as np

from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.rows import group_by_image, rows_of_images


def make_gt(
    rows, num_images: int = 1, num_classes: int = 1, image_ids=None, areas=None, crowds=None
) -> GroundTruth:
    """Rows are (image position, label, x1, y1, x2, y2)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    ids = np.arange(num_images) if image_ids is None else np.array(image_ids)
    images = Images(ids, tuple(f"{i}.jpg" for i in ids), [[1000, 1000]] * num_images, "gt")
    order, offsets = group_by_image(table[:, 0].astype(np.int64), num_images)
    table = table[order]
    area = (table[:, 4] - table[:, 2]) * (table[:, 5] - table[:, 3])
    return GroundTruth(
        images,
        Categories.from_names([f"class {c}" for c in range(num_classes)]),
        offsets,
        table[:, 2:],
        table[:, 1].astype(int),
        np.zeros(len(table), bool) if crowds is None else np.array(crowds)[order],
        area if areas is None else np.array(areas)[order],
        np.arange(len(table)),
    )


def make_predictions(rows, num_images: int = 1, image_ids=None) -> Predictions:
    """Rows are (image position, label, score, x1, y1, x2, y2)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    ids = np.arange(num_images) if image_ids is None else np.array(image_ids)
    return Predictions.from_rows(
        ids, table[:, 0].astype(int), table[:, 3:], table[:, 2], table[:, 1].astype(int), "preds"
    )


Case = tuple[GroundTruth, Predictions]


def make_case(
    seed: int,
    num_images: int = 40,
    num_classes: int = 5,
    ties: bool = True,
    crowd_share: float = 0.1,
    boxes: int = 6,
    shuffled_ids: bool = True,
) -> Case:
    """Return a seeded data set with ties, crowds, empty images and absent classes."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(10 * num_images)[:num_images] + 1
    if not shuffled_ids:
        ids = np.sort(ids)
    gt_rows, det_rows = [], []
    for image in range(num_images):
        for _ in range(rng.integers(0, boxes)):
            x, y = rng.uniform(0, 700, 2)
            w, h = np.exp(rng.uniform(np.log(8), np.log(250), 2))
            label = rng.integers(0, num_classes - 1)
            gt_rows.append((image, label, x, y, x + w, y + h))
            for _ in range(rng.integers(0, 4)):
                dx, dy, dw, dh = rng.normal(0, 0.12, 4) * (w, h, w, h)
                corner = (x + dx, y + dy)
                size = (max(w + dw, 1), max(h + dh, 1))
                score = rng.uniform()
                det_label = label if rng.uniform() < 0.8 else rng.integers(0, num_classes)
                det_rows.append(
                    (image, det_label, score, *corner, corner[0] + size[0], corner[1] + size[1])
                )
        for _ in range(rng.integers(0, 3)):
            x, y = rng.uniform(0, 700, 2)
            w, h = rng.uniform(5, 200, 2)
            label = rng.integers(0, num_classes)
            det_rows.append((image, label, rng.uniform() * 0.8, x, y, x + w, y + h))
    predictions = np.array(det_rows)
    if ties:
        predictions[:, 2] = np.round(predictions[:, 2], 1)
    rng.shuffle(predictions)
    crowds = rng.uniform(size=len(gt_rows)) < crowd_share
    gt = make_gt(gt_rows, num_images, num_classes, ids, crowds=crowds)
    return gt, make_predictions(predictions, num_images, ids)


def repeated_tables(gt: GroundTruth, predictions: Predictions, weights) -> Case:
    """Return the tables in which image i stands `weights[i]` times, under new ids in id order."""
    positions = np.repeat(np.arange(len(weights)), weights)
    ids = np.argsort(np.argsort(gt.images.ids[positions], kind="stable"), kind="stable")
    rows, offsets = rows_of_images(gt.offsets, positions)
    images = Images(ids, tuple(map(str, ids)), gt.images.sizes_hw[positions])
    names = ("bboxes", "labels", "iscrowd", "area", "annotation_ids")
    columns = [getattr(gt, name)[rows] for name in names]
    det_rows, det_offsets = rows_of_images(predictions.offsets, positions)
    found = [getattr(predictions, name)[det_rows] for name in ("bboxes", "scores", "labels")]
    return (
        GroundTruth(images, gt.categories, offsets, *columns),
        Predictions(ids, det_offsets, *found),
    )


def jittered(predictions: Predictions, seed: int, pixels: float, scores: float) -> Predictions:
    """Return the predictions with noise on boxes and scores: another model, labels as they were."""
    rng = np.random.default_rng(seed)
    bboxes = predictions.bboxes + rng.normal(0, pixels, predictions.bboxes.shape)
    bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
    noisy = np.clip(predictions.scores + rng.normal(0, scores, predictions.num_boxes), 0, 1)
    return predictions.with_columns(bboxes=bboxes, scores=noisy)
