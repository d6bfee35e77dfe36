"""What the gate answers, and all that it rests on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from custom.gate.difference import SeedNoise
from custom.gate.policy import GatePolicy
from custom.gate.power import Needed

ACCEPT, REJECT, INCONCLUSIVE = "accept", "reject", "inconclusive"
CANNOT_TELL = INCONCLUSIVE  # its name before, for scripts
EXIT_CODES = {ACCEPT: 0, REJECT: 1, INCONCLUSIVE: 3}


@dataclass(frozen=True)
class Change:
    """How a value changed, with its interval.

    Attributes:
        name: The class, or the metric for the mean over classes.
        num_boxes: How many annotated boxes it rests on.
        new: The new side's value.
        baseline: The baseline's value.
        difference: New less baseline.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    name: str
    num_boxes: int
    new: float
    baseline: float
    difference: float
    low: float
    high: float

    def as_gain(self, sign: int) -> Change:
        """Return the change with the sign of an improvement: -1 where less is better."""
        if sign > 0:
            return self
        return replace(self, difference=-self.difference, low=-self.high, high=-self.low)


@dataclass(frozen=True)
class Verdict:
    """Accept, reject or inconclusive, and why.

    Attributes:
        decision: "accept", "reject" or "inconclusive".
        reason: In one sentence.
        overall: The change of the metric.
        per_class: The change of each class, at a confidence widened by the number of classes.
        confidence: Of the overall interval, widened by the number of comparisons.
        p_value: Of the hypothesis that the gain is the smallest useful one, two-sided, for this
            comparison alone.
        comparisons: How many changes were tried against this baseline, this one included.
        num_images: Val images.
        num_new: Replicates of the new side: seeds, each on all its folds.
        num_baseline: Replicates of the baseline.
        folds: The folds that were pooled.
        seed_noise: Between the replicates here; part of the interval. None with one a side.
        project_seed_noise: Between runs of this project that differ in the seed alone, if known.
        needed: What would settle it; None unless it is inconclusive.
        notes: What a reader must know, a sentence each.
        policy: What was asked for.
    """

    decision: str
    reason: str
    overall: Change
    per_class: tuple[Change, ...]
    confidence: float
    p_value: float
    comparisons: int
    num_images: int
    num_new: int
    num_baseline: int
    folds: tuple[int | None, ...]
    seed_noise: SeedNoise | None
    project_seed_noise: SeedNoise | None
    needed: Needed | None
    notes: tuple[str, ...]
    policy: GatePolicy

    @property
    def exit_code(self) -> int:
        """0 to accept, 1 to reject, 3 if it is inconclusive."""
        return EXIT_CODES[self.decision]

    def to_record(self) -> dict[str, Any]:
        """Return what `run.json` keeps, as JSON has it; NaN becomes None."""
        return _jsonable(asdict(self))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
