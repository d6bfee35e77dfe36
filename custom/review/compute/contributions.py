"""What each model adds to the others: boxes that it alone finds, and what the ensemble loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.ensemble.recipe import Recipe, fuse_recipe
from custom.evaluation.bootstrap import interval_of
from custom.evaluation.counting import HIT
from custom.review.compute.analysis import AREAS, CONFIDENCE, Analysis
from custom.review.compute.shapes import ap_by_size
from custom.review.inputs import Review
from custom.tables import GroundTruth, Images, Predictions


@dataclass(frozen=True, eq=False)
class Contributions:
    """Who finds which annotated boxes, by group: all of them, a size, or a class.

    Attributes:
        groups: K names.
        num_gt: Shape (K,).
        by_all: Shape (K,), boxes that every model finds.
        by_none: Shape (K,).
        only: Shape (M, K), boxes that this model alone finds.
    """

    groups: tuple[str, ...]
    num_gt: IntArray
    by_all: IntArray
    by_none: IntArray
    only: IntArray

    @property
    def by_some(self) -> IntArray:
        """Boxes that more than one model finds, but not every one, shape (K,)."""
        return self.num_gt - self.by_all - self.by_none - self.only.sum(axis=0)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What the ensemble gains by having a model: its score less that without it.

    Attributes:
        value: Of the mean over classes.
        low: Lower end of the interval.
        high: Upper end of the interval.
        per_class: Shape (C,); NaN for a class without boxes.
        by_size: Shape (3,), AP50 of small, medium and large boxes.
    """

    value: float
    low: float
    high: float
    per_class: FloatArray
    by_size: FloatArray


def boxes_found(analysis: Analysis) -> BoolArray:
    """Return, shape (G,), which annotated boxes are hit at the score of each class's best F1."""
    matches = analysis.by_area
    assert matches.matched_gt is not None
    kept = matches.scores >= analysis.thresholds[matches.labels]
    hits = (matches.outcomes[0, 0] == HIT) & kept
    found = np.zeros(len(matches.gt_labels), np.bool_)
    found[matches.matched_gt[0, 0][hits]] = True
    return found


def contributions(gt: GroundTruth, analyses: Sequence[Analysis]) -> Contributions:
    """Count who finds what, in all boxes, by COCO's sizes, and by class.

    Two models are needed at least for a box to be found by one alone.
    """
    found = np.array([boxes_found(analysis) for analysis in analyses])
    counted = ~analyses[0].by_area.gt_ignored
    sizes = dict(zip(AREAS, counted, strict=True))
    classes = {
        name: (gt.labels == label) & sizes["all"] for label, name in enumerate(gt.categories.names)
    }
    masks = np.array([*sizes.values(), *classes.values()])
    finders = found.sum(axis=0)
    alone = found & (finders == 1)
    return Contributions(
        (*sizes, *classes),
        masks.sum(axis=1),
        (masks & (finders == len(found))).sum(axis=1),
        (masks & (finders == 0)).sum(axis=1),
        np.array([(masks & row).sum(axis=1) for row in alone]),
    )


def leave_one_out(review: Review) -> list[LeftOut]:
    """Return for each model of the ensemble what it adds, on the same resamples of the images."""
    assert review.recipe is not None
    whole = review.analyses[review.final]
    results = []
    for member in review.members:
        fused = fused_without(review.recipe, review.prepared, review.gt.images, member)
        rest = Analysis(review.gt, fused, review.metric)
        samples = whole.samples[:, -1:] - rest.samples[:, -1:]
        low, high = interval_of(samples, CONFIDENCE)
        results.append(
            LeftOut(
                whole.score.value - rest.score.value,
                float(low[0]),
                float(high[0]),
                whole.score.per_class - rest.score.per_class,
                ap_by_size(whole).means - ap_by_size(rest).means,
            )
        )
    return results


def fused_without(
    recipe: Recipe, models: Sequence[Predictions], images: Images, member: int
) -> Predictions:
    """Return the ensemble of all models but one; empty where no other has any weight."""
    others = [model for k, model in enumerate(models) if k != member]
    configs = []
    for config in recipe.configs:
        weights = config.weights_for(len(models))
        kept = tuple(weight for k, weight in enumerate(weights) if k != member)
        if not any(kept):
            return Predictions.empty(images.ids)
        configs.append(replace(config, weights=kept))
    return fuse_recipe(replace(recipe, configs=tuple(configs)), others, images).predictions
