"""What a reader of a verdict must know, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from custom.gate.difference import Difference, SeedNoise
from custom.gate.policy import GatePolicy
from custom.gate.verdict import Change
from custom.runs import Evidence
from custom.tables import Images


def seed_note(difference: Difference, overall: Change, project: SeedNoise | None) -> str:
    """Say whether the noise of the seeds is in the interval, and how large it is."""
    if (noise := difference.seed_noise) is not None:
        return (
            f"The noise of the seeds is in the interval: a run's standard deviation is "
            f"{noise.deviation:.4f}, from {difference.num_new} new and {difference.num_baseline} "
            f"baseline seeds."
        )
    start = "The noise of the seeds is not in the interval, with one run a side"
    if project is None:
        return f"{start}; how large it is, this project's runs do not say yet: train a second seed."
    by_seeds = 1.96 * difference.seed_error(project)
    low = overall.difference - math.hypot(overall.difference - overall.low, by_seeds)
    high = overall.difference + math.hypot(overall.high - overall.difference, by_seeds)
    return (
        f"{start}; runs of this project that differ in the seed alone have a standard deviation of "
        f"{project.deviation:.4f} (degrees of freedom: {project.degrees}). With it the interval "
        f"would be about [{low:+.4f}, {high:+.4f}]."
    )


def group_note(images: Images) -> list[str]:
    """Say how many groups were drawn as wholes, where there are any."""
    num_groups = len(np.unique(images.groups))
    if num_groups == len(images):
        return []
    return [
        f"The {len(images)} val images are {num_groups} groups (videos, near-duplicates, what the "
        "split was grouped by), which are drawn as wholes."
    ]


def comparison_note(comparisons: int, confidence: float, policy: GatePolicy) -> list[str]:
    """Say that several changes were tried against the baseline, and what follows."""
    if comparisons == 1:
        return []
    return [
        f"{comparisons} changes were tried against this baseline, and one of many looks good by "
        f"luck: the interval is at {confidence:.2%} in place of {policy.confidence:.0%}."
    ]


def pseudo_label_notes(new: Sequence[Evidence], baseline: Sequence[Evidence]) -> list[str]:
    """Say which runs were trained on labels that models made."""
    notes = []
    for side, runs in (("new", new), ("baseline", baseline)):
        if names := [run.name for run in runs if run.pseudo_labels]:
            notes.append(f"Pseudo-labels are in the {side} side: {', '.join(names)}.")
    return notes


def origin_notes(new: Sequence[Evidence], baseline: Sequence[Evidence]) -> list[str]:
    """Say which runs were trained elsewhere, and what therefore nobody here can know."""
    elsewhere = [run for run in (*new, *baseline) if run.elsewhere]
    if not elsewhere:
        return []
    names = ", ".join(f"{run.name} ({run.elsewhere})" for run in elsewhere)
    return [
        f"Trained elsewhere: {names}. In what else than the change their trainings differ, and how "
        "much their seeds vary, is not known here."
    ]


def procedure_notes(new: Sequence[Evidence], baseline: Sequence[Evidence]) -> list[str]:
    """Say that the sides were not predicted alike, which the difference then contains."""
    sides = [sorted({run.options for run in side}) for side in (new, baseline)]
    if sides[0] == sides[1]:
        return []
    of_new, of_baseline = (" or ".join(options) for options in sides)
    return [
        f"Val was predicted with {of_new} by the new side and with {of_baseline} by the baseline "
        "(options of tools/test.py): the difference contains that."
    ]


def class_notes(per_class: Sequence[Change], policy: GatePolicy) -> list[str]:
    """Say which classes may lose too much, and which could not be evaluated."""
    notes = []
    unsure = [
        f"{change.name} ({change.difference:+.3f}, {change.num_boxes} boxes)"
        for change in per_class
        if change.difference < -policy.largest_class_loss <= change.high
    ]
    if unsure:
        notes.append(f"May cost a class too much, not significantly: {', '.join(unsure)}.")
    if absent := [change.name for change in per_class if change.num_boxes == 0]:
        notes.append(f"Not evaluated, for want of boxes on the val images: {', '.join(absent)}.")
    return notes
