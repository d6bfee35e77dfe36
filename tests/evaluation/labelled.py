"""Labels of images and regions with scores, as a classifier writes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.evaluation.matches import Integers
from custom.tables import Predictions
from tests.evaluation.cases import make_gt


@dataclass(frozen=True)
class Labelled:
    """Items with their truth.

    Attributes:
        image_index: Shape (K,), each item's image, rising.
        bboxes: Shape (K, 4), xyxy.
        truth: Shape (K, C): 1, 0, or -1 where the label is unknown.
        scores: Shape (K, C).
    """

    image_index: Integers
    bboxes: np.ndarray
    truth: np.ndarray
    scores: np.ndarray

    @property
    def num_images(self) -> int:
        return int(self.image_index.max()) + 1

    def gt(self):
        rows = np.argwhere(self.truth != 0)
        table = [(self.image_index[k], c, *self.bboxes[k]) for k, c in rows]
        crowds = [self.truth[k, c] < 0 for k, c in rows]
        return make_gt(table, self.num_images, self.truth.shape[1], crowds=crowds)

    def predictions(self, scores=None, kept=None) -> Predictions:
        """Return one row an item and class, class by class; `kept` (K, C) leaves rows out."""
        scores = self.scores if scores is None else scores
        num_items, num_classes = scores.shape
        kept = np.ones(scores.size, bool) if kept is None else kept.T.ravel()
        return Predictions.from_rows(
            np.arange(self.num_images),
            np.tile(self.image_index, num_classes)[kept],
            np.tile(self.bboxes, (num_classes, 1))[kept],
            scores.T.ravel()[kept],
            np.repeat(np.arange(num_classes), num_items)[kept],
        )


def make_labelled(
    seed: int,
    num_items: int = 120,
    num_classes: int = 3,
    regions: bool = False,
    exclusive: bool = False,
    unknown: float = 0.1,
) -> Labelled:
    """Return a seeded case with ties in score; regions overlap and lie inside one another."""
    rng = np.random.default_rng(seed)
    if exclusive:
        truth = np.eye(num_classes, dtype=int)[rng.integers(0, num_classes, num_items)]
        truth[rng.uniform(size=num_items) < unknown] = -1
    else:
        truth = (rng.uniform(size=(num_items, num_classes)) < 0.3).astype(int)
        truth[rng.uniform(size=truth.shape) < unknown] = -1
    scores = np.round(rng.beta(2, 2, truth.shape) * 0.6 + 0.35 * (truth > 0), 1)
    if not regions:
        bboxes = np.tile([0.0, 0.0, 1000.0, 1000.0], (num_items, 1))
        return Labelled(np.arange(num_items), bboxes, truth, scores)
    image_index = np.sort(rng.integers(0, num_items // 3, num_items))
    _, image_index = np.unique(image_index, return_inverse=True)
    corners, sizes = rng.uniform(0, 100, (num_items, 2)), rng.uniform(50, 800, (num_items, 2))
    bboxes = np.concatenate([corners, corners + sizes], axis=1)
    return Labelled(image_index, bboxes, truth, scores)
