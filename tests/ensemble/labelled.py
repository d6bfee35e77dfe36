"""Labelled toy images, and models that find their boxes more or less well."""

from __future__ import annotations

import numpy as np

from custom.tables import Categories, GroundTruth, Predictions
from custom.tables.rows import group_by_image
from tests.ensemble.toy import images_of


def ground_truth(num_images: int = 40, num_classes: int = 3, seed: int = 0) -> GroundTruth:
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(num_images), rng.integers(1, 5, num_images))
    corner = rng.uniform(0, 700, (len(index), 2))
    bboxes = np.concatenate([corner, corner + rng.uniform(80, 300, corner.shape)], axis=1)
    _, offsets = group_by_image(index, num_images)
    return GroundTruth(
        images_of(num_images),
        Categories.from_names([f"class{k}" for k in range(num_classes)]),
        offsets,
        bboxes=bboxes,
        labels=rng.integers(0, num_classes, len(index)),
        iscrowd=np.zeros(len(index), bool),
        area=np.prod(bboxes[:, 2:] - bboxes[:, :2], axis=1),
        annotation_ids=np.arange(len(index)),
    )


def detector(
    gt: GroundTruth, seed: int, noise_px: float = 15.0, found: float = 0.8, false: int = 60
) -> Predictions:
    """Return a model that finds a share of the boxes, off by some pixels, and others that are not.

    Its scores tell true from false boxes, but not always.
    """
    rng = np.random.default_rng(seed)
    hit = rng.random(gt.num_boxes) < found
    bboxes = gt.bboxes[hit] + rng.normal(0, noise_px, (hit.sum(), 4))
    corner = rng.uniform(0, 800, (false, 2))
    wrong = np.concatenate([corner, corner + rng.uniform(50, 200, corner.shape)], axis=1)
    scores = np.concatenate([rng.beta(4, 2, hit.sum()), rng.beta(2, 4, false)])
    index = np.concatenate([gt.image_index[hit], rng.integers(0, len(gt.images), false)])
    labels = np.concatenate([gt.labels[hit], rng.integers(0, len(gt.categories), false)])
    boxes = np.concatenate([bboxes, wrong]).clip(0, 1024)
    return Predictions.from_rows(gt.images.ids, index, boxes, scores, labels, f"m{seed}.json")
