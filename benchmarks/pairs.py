"""Real detectors in pairs, and val sets drawn from the images that both have predicted.

Four folds of one Cascade R-CNN Swin-T predicted the trash competition's test images. The boxes of a
fifth, trained on all folds, stand for the annotations where its score is 0.5 or more: such a truth
is easier than a real one, but how two detectors differ image by image is real.

Val sets are drawn with replacement, so that the value on all images is the truth that an interval
is to cover. Sides are mixed image by image: a share of the images has the same predictions on both,
on the rest the better detector is on the new side more often than not. The first share sets the
correlation, the second the gain; where both sides have the better one equally often, nothing but
chance tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.fusing import read_five
from custom.boxes import IntArray
from custom.evaluation import Matches, match_for, score_matches
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.rows import offsets_of, rows_of_images
from custom.testing import SHARED_DATA

TRUTH_SCORE = 0.5


@dataclass(frozen=True, eq=False)
class Pool:
    """Models matched once on the same images, from which val sets are drawn.

    Attributes:
        models: M matches, at one IoU threshold.
    """

    models: tuple[Matches, ...]

    @classmethod
    def of(cls, gt: GroundTruth, models: Sequence[Predictions]) -> Pool:
        """Match the models for AP50."""
        return cls(tuple(match_for(gt, model, "AP50") for model in models))

    @property
    def num_images(self) -> int:
        """How many images there are."""
        return self.models[0].num_images

    def value(self, model: int) -> float:
        """Return a model's mAP50 on all images."""
        return score_matches(self.models[model]).value

    @cached_property
    def _detections(self) -> tuple[tuple[IntArray, IntArray], ...]:
        """For each model its detections by image, and where each image's begin."""
        found = []
        for each in self.models:
            order = np.argsort(each.image_index, kind="stable")
            counts = np.bincount(each.image_index, minlength=self.num_images)
            found.append((order, offsets_of(counts)))
        return tuple(found)

    def draw(self, images: IntArray, source: IntArray) -> Matches:
        """Return the matches of drawn images, each as one of the models has it.

        Args:
            images: Shape (n,), positions; an image that is drawn twice counts as two.
            source: Shape (n,), which model predicted it.
        """
        parts = []
        for number, each in enumerate(self.models):
            drawn = np.flatnonzero(source == number)
            order, offsets = self._detections[number]
            rows, counts = rows_of_images(offsets, images[drawn])
            index = np.repeat(drawn, np.diff(counts))
            rows = order[rows]
            columns = (each.labels, each.scores, each.ranks, each.outcomes[0, 0], each.rows)
            parts.append((index, *(column[rows] for column in columns)))
        index, labels, scores, ranks, outcomes, own = map(np.concatenate, zip(*parts, strict=True))
        by = np.lexsort((-scores, labels))
        return replace(
            self.models[0],
            image_ids=np.arange(len(images)), groups=np.arange(len(images)),
            class_offsets=np.searchsorted(labels[by], np.arange(self.models[0].num_classes + 1)),
            rows=own[by], image_index=index[by].astype(np.int32), scores=scores[by],
            ranks=ranks[by], outcomes=outcomes[by][None, None], **self._truth(images),
        )  # fmt: skip

    def _truth(self, images: IntArray) -> dict[str, Any]:
        first = self.models[0]
        counts = np.bincount(first.gt_image_index, minlength=self.num_images)
        rows, drawn = rows_of_images(offsets_of(counts), images)
        index = np.repeat(np.arange(len(images)), np.diff(drawn))
        return {
            "gt_image_index": index,
            "gt_labels": first.gt_labels[rows],
            "gt_ignored": first.gt_ignored[:, rows],
        }


@dataclass(frozen=True)
class Pair:
    """Two models of a pool, the better one first, and how they are mixed.

    Attributes:
        better: Position of a model.
        worse: Position of the other.
        shared: On this share of the images both sides have the same predictions.
        lead: On this share of the others the better model is on the new side.
    """

    better: int
    worse: int
    shared: float = 0.0
    lead: float = 1.0

    def draw(self, pool: Pool, num_images: int, rng: np.random.Generator) -> list[Matches]:
        """Return the new side and the baseline on `num_images` images."""
        images = rng.integers(0, pool.num_images, num_images)
        is_better = rng.random(num_images) < self.lead
        new = np.where(is_better, self.better, self.worse)
        other = np.where(is_better, self.worse, self.better)
        baseline = np.where(rng.random(num_images) < self.shared, new, other)
        return [pool.draw(images, side) for side in (new, baseline)]


def read_folds() -> tuple[GroundTruth, list[Predictions]]:
    """Return the pseudo-truth of the test images, and what the four folds predicted there."""
    listed = read_ground_truth(SHARED_DATA / "trash-gt" / "test.json")
    (*folds, everything), _ = read_five()
    kept = everything.keep(everything.scores >= TRUTH_SCORE)
    sides = kept.bboxes[:, 2:] - kept.bboxes[:, :2]
    return GroundTruth(
        listed.images, listed.categories, kept.offsets, kept.bboxes, kept.labels,
        np.zeros(kept.num_boxes, bool), sides.prod(axis=1), np.arange(kept.num_boxes),
    ), folds  # fmt: skip
