"""What the parts of a run's record hold; `custom.runs.record` puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Keys of other programs and of later versions, which are kept.
Extra = Mapping[str, Any]


@dataclass(frozen=True)
class SplitEntry:
    """The sealed split that a run was made on."""

    path: str
    hash: str
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class DataEntry:
    """An annotation file, as it was when the run was made."""

    ann_file: str
    hash: str
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class Trainer:
    """What trained the model, such as mmdet 3.5.1 or ultralytics 8.4."""

    name: str
    version: str = ""
    extra: Extra = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True)
class Source:
    """A file, of a run where `run` names one, that this run was made from."""

    path: str
    hash: str
    run: str = ""
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class MetricValue:
    """What a metric gave on the fold.

    Attributes:
        value: The mean over the classes; None where there was nothing to score.
        per_class: By class name; None for a class without boxes.
    """

    value: float | None = None
    per_class: Mapping[str, float | None] = field(default_factory=dict)
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class ThresholdChoice:
    """How the thresholds by class were chosen; what is by class goes by its name.

    Attributes:
        goal: Such as "precision 0.99".
        expected: The goal's figure on images that the choice has not seen.
        low: Lower ends of the 95% intervals.
        high: Upper ends.
        support: How many labels stand behind each.
        refused: The classes without a threshold, and why.
        predictions: SHA-256 of the `val.json` that they were chosen on, by run.
    """

    goal: str
    expected: Mapping[str, float] = field(default_factory=dict)
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)
    support: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    predictions: Mapping[str, str] = field(default_factory=dict)
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class PseudoLabels:
    """Where the pseudo-labels that a run was trained on came from, as their file tells.

    Attributes:
        unseen_folds: The folds whose val images none of their models was trained on.
        split_hash: Of the split that these folds belong to.
        unjudged: Whether evaluating on any fold was given up when they were made.
        judged: Whether the run's own fold can evaluate it; None where that was not recorded.
    """

    unseen_folds: tuple[int, ...] = ()
    split_hash: str | None = None
    unjudged: bool = False
    judged: bool | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class Overall:
    """The gated change of the metric, with its interval."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class KeptVerdict:
    """What the gate said of the change that a run belongs to.

    Attributes:
        decision: "accept", "reject" or "inconclusive", which was once called "cannot tell".
        new: The names of the runs of the change.
        baseline: The names of the runs that they were compared with.
        overall: The change of the metric.
        reason: In one sentence.
        confidence: Of the interval.
        p_value: Of the change.
        comparisons: How many changes had been tried against the baseline.
    """

    decision: str = ""
    new: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()
    overall: Overall | None = None
    reason: str = ""
    confidence: float | None = None
    p_value: float | None = None
    comparisons: int | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class CrossValidated:
    """What the siblings of a run on all folds score on the folds that they left out.

    Attributes:
        runs: Their names.
        folds: The folds, in the same order.
        num_folds: How many the split has.
        value: Of the competition's metric, on the images of these folds together.
    """

    runs: tuple[str, ...]
    folds: tuple[int, ...]
    num_folds: int
    value: float
    extra: Extra = field(default_factory=dict)
