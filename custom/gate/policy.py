"""What a competition asks of a change: set once in its config, as `gate = dict(...)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custom.errors import PodiumError
from custom.evaluation.metrics import DEFAULT_METRIC, metric_of
from custom.typed_json import from_json


@dataclass(frozen=True)
class GatePolicy:
    """When a change is taken.

    Attributes:
        metric: What is compared, a name in `custom.evaluation.METRICS`; the competition's where
            the config's `gate` names none.
        smallest_gain: The smallest gain worth having. A change is accepted when the whole interval
            lies above it, rejected when the whole interval lies below.
        confidence: Of the interval, two-sided, before it is widened for several comparisons.
        largest_class_loss: A change is rejected when it costs a class significantly more.
        num_resamples: Of the bootstrap over images.
        seed: Of the bootstrap.
        power: How likely a verdict should be once the images or seeds called for are there.
    """

    metric: str = DEFAULT_METRIC
    smallest_gain: float = 0.0
    confidence: float = 0.95
    largest_class_loss: float = 0.05
    num_resamples: int = 2000
    seed: int = 0
    power: float = 0.8

    def __post_init__(self) -> None:
        metric_of(self.metric)
        for name in ("confidence", "power"):
            if not 0.5 <= getattr(self, name) < 1:
                raise PodiumError(f"{name} must be in [0.5, 1), but is {getattr(self, name)}")
        for name in ("smallest_gain", "largest_class_loss"):
            if not 0 <= getattr(self, name) < 1:
                raise PodiumError(f"{name} must be in [0, 1), but is {getattr(self, name)}")
        if self.num_resamples < 100:
            raise PodiumError(f"num_resamples must be 100 at least, not {self.num_resamples}")
        if self.seed < 0:
            raise PodiumError(f"seed must be 0 at least, not {self.seed}")

    @classmethod
    def from_dict(
        cls, values: Any, source: str = "gate", metric: str = DEFAULT_METRIC
    ) -> GatePolicy:
        """Return the policy that a config's `gate` describes; what it leaves out is the default.

        Raises:
            PodiumError: If it is no dict, a key is unknown or a value out of its range.
        """
        if not isinstance(values, Mapping):
            raise PodiumError(f"{source}: gate must be a dict of numbers and names, not {values!r}")
        return from_json(cls, {"metric": metric, **values}, f"{source}: gate")
