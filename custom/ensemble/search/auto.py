"""The choice among a fixed list of fusions, where nobody says how to fuse."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from custom.boxes import IntArray
from custom.ensemble.comparison import Comparison
from custom.ensemble.config import FusionConfig
from custom.ensemble.preparing import dedupe
from custom.ensemble.search import space
from custom.ensemble.search.cross_validation import CrossValidated, cross_validated
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.ensemble.search.selection import forward_selection, used_models, with_only
from custom.errors import PodiumError
from custom.evaluation import Metric
from custom.tables import GroundTruth, Predictions

SEED = 42
# So many inner folds that each has some twenty groups of images, within these bounds.
MIN_FOLDS, MAX_FOLDS, GROUPS_A_FOLD = 5, 10, 20


def _wbf(conf_type: str, *iou_thrs: float) -> list[FusionConfig]:
    return [FusionConfig("wbf", iou_thr=iou_thr, conf_type=conf_type) for iou_thr in iou_thrs]


# In the order of simplicity, which decides between those that are equally good.
SETTINGS: tuple[FusionConfig, ...] = (
    *(FusionConfig("nms", iou_thr=iou_thr) for iou_thr in (0.5, 0.6, 0.7)),
    *_wbf("avg", 0.45, 0.55, 0.65, 0.75),
    *_wbf("max", 0.55, 0.65, 0.75),
    *_wbf("box_and_model_avg", 0.55, 0.65, 0.75),
    *(FusionConfig("nmw", iou_thr=iou_thr) for iou_thr in (0.5, 0.6, 0.7)),
    *(FusionConfig("soft_nms", sigma=sigma, decay_scores=True) for sigma in (0.1, 0.25, 0.5)),
)
# What a model's own duplicates harm, tried without them too where there are any.
HARMED = tuple(each for each in SETTINGS if each.method == "wbf" and each.conf_type != "max")


class Candidate(NamedTuple):
    """A fusion, with the models' own duplicates or without them."""

    config: FusionConfig
    dedupe: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether it is a model's boxes as they are."""
        return space.is_alone(self.config)


@dataclass(frozen=True, eq=False)
class AutoResult:
    """What was chosen, and why.

    Attributes:
        chosen: The simplest candidate within one standard error of the best.
        value: What it scores on all images.
        best: The best candidate on all images.
        best_value: What that scores.
        standard_error: Of the difference of the two.
        single: The position of the best model alone.
        cross_validated: Of the whole choice, made again without each inner fold.
        single_cross_validated: Of the best single model, at its score threshold without the fold
            where the metric needs one.
        comparison: Of the two.
        fell_back: Whether the choice was given up for the best single model, because its
            cross-validated score is not above that one's.
        num_candidates: How many fusions were compared, with the models alone.
        num_images: On how many images.
        num_folds: How many inner folds there are.
        seed: Of the inner folds.
    """

    chosen: Candidate
    value: float
    best: Candidate
    best_value: float
    standard_error: float
    single: int
    cross_validated: CrossValidated
    single_cross_validated: CrossValidated
    comparison: Comparison
    fell_back: bool
    num_candidates: int
    num_images: int
    num_folds: int
    seed: int


class Choices:
    """The candidates and what they score; chosen by all images or without an inner fold."""

    def __init__(
        self,
        models: Sequence[Predictions],
        gt: GroundTruth,
        folds: Sequence[IntArray],
        metric: str | Metric,
    ) -> None:
        self.plain = Objective(models, gt, folds, metric, with_pairs=True)
        deduped = [dedupe(model) for model in self.plain.models]
        repeats = sum(m.num_boxes for m in deduped) < sum(m.num_boxes for m in self.plain.models)
        self._deduped = Objective(deduped, gt, folds, metric, with_pairs=True) if repeats else None
        self.tried: set[Candidate] = set()

    @property
    def num_models(self) -> int:
        """How many models there are."""
        return self.plain.num_models

    def objective(self, candidate: Candidate) -> Objective:
        """Return what scores a candidate."""
        if not candidate.dedupe:
            return self.plain
        assert self._deduped is not None  # only then such candidates are made
        return self._deduped

    def at_best(self, candidate: Candidate, index: int) -> Candidate:
        """Return a candidate at the score threshold that is best on the images of `index`."""
        config = self.objective(candidate).at_best_threshold(candidate.config, index)
        return candidate._replace(config=config)

    def value(self, candidate: Candidate, index: int) -> float:
        """Return how good a candidate is, more is better."""
        return self.objective(candidate).value(candidate.config, index)

    def score(self, candidate: Candidate, index: int = ALL) -> float:
        """Return what a candidate scores, as the metric has it."""
        return self.objective(candidate).score(candidate.config, index)

    def candidates(self, index: int) -> list[Candidate]:
        """Return the candidates by the images of `index`, simplest first.

        The best single model; all models with equal weights in every setting; and likewise those
        that forward selection takes in the setting that is best with all.
        """
        number = self.num_models
        every = [self._evaluated(each, index) for each in self._settings(range(number))]
        best = max(every, key=lambda each: self.value(each, index))
        objective = self.objective(best)
        steps = forward_selection(objective, best.config, index)
        taken = sorted(step.model for step in steps)
        if 1 < len(taken) < number:
            every = [*(self._evaluated(e, index) for e in self._settings(taken)), *every]
        return [self.best_single(index), *every]

    def best_single(self, index: int) -> Candidate:
        """Return the model that is best alone on the images of `index`."""
        alone = [Candidate(space.alone(k, self.num_models)) for k in range(self.num_models)]
        evaluated = [self._evaluated(each, index) for each in alone]
        return max(evaluated, key=lambda each: self.value(each, index))

    def standard_error(self, a: Candidate, b: Candidate, index: int) -> float:
        """Return the standard error of the difference of two candidates on the images of `index`.

        By the jackknife: an inner fold is left out at a time.
        """
        folds = range(len(self.plain.folds))
        if index == ALL:
            left = [self.plain.without(fold) for fold in folds]
        else:
            out = index - self.plain.without(0)
            left = [self.plain.without_both(out, fold) for fold in folds if fold != out]
        if len(left) < 2:
            return 0.0
        differences = np.array([self.value(a, each) - self.value(b, each) for each in left])
        squares = (differences - differences.mean()) ** 2
        return float(np.sqrt((len(left) - 1) / len(left) * squares.sum()))

    def choose(self, index: int) -> tuple[Candidate, Candidate]:
        """Return the simplest candidate within one standard error of the best, and the best.

        Never one that is below the best single model.
        """
        tried = self.candidates(index)
        values = [self.value(each, index) for each in tried]
        best = tried[int(np.argmax(values))]
        for candidate, value in zip(tried, values, strict=True):
            reach = max(values) - self.standard_error(best, candidate, index)
            if value >= values[0] and value >= reach:
                return candidate, best
        return best, best

    def fuse_each(self, candidates: Sequence[Candidate]) -> list[Predictions]:
        """Fuse the models with each candidate."""
        fused = {each: self.objective(each).fuse(each.config) for each in set(candidates)}
        return [fused[each] for each in candidates]

    def _settings(self, models: Sequence[int]) -> list[Candidate]:
        def of_models(setting: FusionConfig) -> FusionConfig:
            whole = len(models) == self.num_models
            return setting if whole else with_only(setting, models, self.num_models)

        plain = [Candidate(of_models(each)) for each in SETTINGS]
        if self._deduped is None:
            return plain
        return plain + [Candidate(of_models(each), True) for each in HARMED]

    def _evaluated(self, candidate: Candidate, index: int) -> Candidate:
        self.tried.add(candidate)
        return self.at_best(candidate, index)


def choose_automatically(
    models: Sequence[Predictions], gt: GroundTruth, metric: str | Metric, seed: int = SEED
) -> AutoResult:
    """Choose how to fuse, by labelled images.

    The whole choice is made again without each inner fold and scored on it, beside the model that
    is best alone on all images. Where it does not come out above, it is given up for that model.

    Args:
        models: The tables, prepared.
        gt: The labelled images.
        metric: What decides.
        seed: Of the inner folds.

    Raises:
        PodiumError: If the models do not fit the images, or these are too few to choose by.
    """
    folds = folds_to_choose_by(gt, seed)
    if not folds:
        raise PodiumError(
            "the labelled images must be of at least two groups (near-duplicates, videos) to "
            f"choose how to fuse by, but are {len(gt.images)} of one; name a --method"
        )
    choices = Choices(models, gt, folds, metric)
    chosen, best = choices.choose(ALL)
    single = choices.best_single(ALL)
    without = [choices.plain.without(fold) for fold in range(len(folds))]
    own, other = (
        cross_validated(choices.fuse_each(picked), folds, gt, choices.plain.metric)
        for picked in (
            [choices.choose(index)[0] for index in without],
            [choices.at_best(single, index) for index in without],
        )
    )
    comparison = own.against(other)
    fell_back = chosen != single and not comparison.sign * comparison.difference > 0
    chosen = single if fell_back else chosen
    return AutoResult(
        chosen=chosen,
        value=choices.score(chosen),
        best=best,
        best_value=choices.score(best),
        standard_error=choices.standard_error(best, chosen, ALL),
        single=used_models(single.config, choices.num_models)[0],
        cross_validated=own,
        single_cross_validated=other,
        comparison=comparison,
        fell_back=fell_back,
        num_candidates=len(choices.tried),
        num_images=len(gt.images),
        num_folds=len(folds),
        seed=seed,
    )


def folds_to_choose_by(gt: GroundTruth, seed: int = SEED) -> tuple[IntArray, ...]:
    """Return inner folds, as many as the groups of images allow; () where there cannot be two."""
    num_groups = len(np.unique(gt.images.groups))
    most = min(max(num_groups // GROUPS_A_FOLD, MIN_FOLDS), MAX_FOLDS, num_groups)
    for number in range(most, 1, -1):
        with suppress(PodiumError):  # where a group is larger than a fold
            return make_inner_folds(len(gt.images), number, seed, gt.images.groups)
    return ()
