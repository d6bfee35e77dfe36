"""The decision: is a change better than its baseline, on the same val images?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.evaluation import metric_of, rare_class_notes
from custom.gate.difference import Difference, SeedNoise, difference_of
from custom.gate.evidence import pool
from custom.gate.notes import (
    class_notes,
    comparison_note,
    group_note,
    origin_notes,
    procedure_notes,
    pseudo_label_notes,
    seed_note,
)
from custom.gate.policy import GatePolicy
from custom.gate.power import needed_to_settle
from custom.gate.verdict import ACCEPT, INCONCLUSIVE, REJECT, Change, Verdict
from custom.runs import Evidence

# How many resamples should lie beyond each end of the interval for it to stand still.
_SAMPLES_BEYOND = 10


def gate(
    new: Sequence[Evidence],
    baseline: Sequence[Evidence],
    policy: GatePolicy | None = None,
    comparisons: int = 1,
    project_seed_noise: SeedNoise | None = None,
) -> Verdict:
    """Compare runs with their baseline on the val images.

    Args:
        new: The runs of the change: seeds, folds or both.
        baseline: The runs it is compared with, of the same folds and split.
        policy: What is asked for; the defaults if None.
        comparisons: How many changes were tried against this baseline, this one included. The
            interval is widened so that the chance of accepting any of them by luck stays what it
            would be for one (Bonferroni).
        project_seed_noise: How much runs of this project that differ in the seed alone vary; told
            where there is one run a side, whose interval cannot contain it.

    Raises:
        PodiumError: If the runs cannot be compared, see `pool`.
    """
    policy = policy or GatePolicy()
    if comparisons < 1:
        raise PodiumError(f"comparisons must be at least 1, but is {comparisons}")
    pooled = pool(new, baseline)
    confidence = 1 - (1 - policy.confidence) / comparisons
    num_resamples = max(policy.num_resamples, math.ceil(2 * _SAMPLES_BEYOND / (1 - confidence)))
    difference = difference_of(pooled, policy.metric, num_resamples, policy.seed)
    overall, per_class = _changes(pooled.gt.categories.names, difference, policy, confidence)
    sign = metric_of(policy.metric).sign
    gains = [change.as_gain(sign) for change in per_class]
    decision, reason = _decide(overall.as_gain(sign), gains, policy)
    needed = None
    if decision == INCONCLUSIVE:
        needed = needed_to_settle(
            difference, policy.smallest_gain, confidence, policy.power,
            difference.seed_noise or project_seed_noise, sign,
        )  # fmt: skip
    return Verdict(
        decision, reason, overall, per_class, confidence,
        _p_value(sign * difference.samples[:, -1], policy.smallest_gain), comparisons,
        difference.num_images, difference.num_new, difference.num_baseline, pooled.folds,
        difference.seed_noise, project_seed_noise, needed,
        (
            seed_note(difference, overall, project_seed_noise),
            *group_note(pooled.gt.images),
            *comparison_note(comparisons, confidence, policy),
            *pseudo_label_notes(new, baseline),
            *origin_notes(new, baseline),
            *procedure_notes(new, baseline),
            *class_notes(gains, policy),
            *rare_class_notes(difference.samples, [change.name for change in per_class]),
        ),
        policy,
    )  # fmt: skip


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for having tried several changes against one baseline.

    A change whose adjusted value is at most 1 - confidence holds among all of them. Needs every
    comparison, so it suits a table of ablations; one by one, `gate` divides by their number.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order.tolist()):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def decision_on(difference: Difference, names: Sequence[str], policy: GatePolicy) -> str:
    """Return what the gate decides on a difference, of a change that was tried alone."""
    overall, per_class = _changes(names, difference, policy, policy.confidence)
    sign = metric_of(policy.metric).sign
    gains = [change.as_gain(sign) for change in per_class]
    return _decide(overall.as_gain(sign), gains, policy)[0]


def _changes(
    names: Sequence[str], difference: Difference, policy: GatePolicy, confidence: float
) -> tuple[Change, tuple[Change, ...]]:
    """Return the change of the mean and of each class; the classes share one risk of error."""
    class_confidence = 1 - (1 - confidence) / max(len(names), 1)
    low, high = difference.interval(class_confidence)
    overall_low, overall_high = difference.interval(confidence)
    low[-1], high[-1] = overall_low[-1], overall_high[-1]
    boxes = [*difference.num_gt.tolist(), int(difference.num_gt.sum())]
    columns = (difference.new, difference.baseline, difference.values, low, high)
    changes = [
        Change(name, count, *(float(column[k]) for column in columns))
        for k, (name, count) in enumerate(zip((*names, policy.metric), boxes, strict=True))
    ]
    return changes[-1], tuple(changes[:-1])


def _decide(overall: Change, per_class: Sequence[Change], policy: GatePolicy) -> tuple[str, str]:
    """Return the decision and its reason; the changes have the sign of an improvement."""
    ends = (overall.difference, overall.low, overall.high)
    if any(math.isnan(end) for end in ends):
        return REJECT, f"{overall.name} cannot be computed: there is nothing to score"
    lost = [change for change in per_class if change.high < -policy.largest_class_loss]
    if lost:
        worst = min(lost, key=lambda change: change.high)
        return REJECT, (
            f"{worst.name} loses significantly more than {policy.largest_class_loss:.3f}: "
            f"{worst.difference:+.4f} [{worst.low:+.4f}, {worst.high:+.4f}]"
        )
    bound = f"the smallest useful gain, {policy.smallest_gain:.4f}"
    if overall.low > policy.smallest_gain:
        return ACCEPT, f"the whole interval lies above {bound}"
    if overall.high <= policy.smallest_gain:
        return REJECT, f"the whole interval lies at or below {bound}"
    return INCONCLUSIVE, f"the interval contains {bound}"


def _p_value(samples: FloatArray, smallest_gain: float) -> float:
    """Return how surprising the samples would be if the gain were the smallest useful one."""
    known = samples[~np.isnan(samples)]
    if not len(known):
        return float("nan")
    below = min((known <= smallest_gain).sum(), (known >= smallest_gain).sum())
    return float(min(1.0, 2 * (below + 1) / (len(known) + 1)))
