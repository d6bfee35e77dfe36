"""Whether one thing is better than another: their paired difference with its interval, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation import Metric
from custom.evaluation.bootstrap import interval_of, paired_interval_of

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """Two values of a metric on the same images, and their difference with its 95% interval.

    Attributes:
        value: Of the first.
        other: Of the second.
        low: Lower end of the interval of `value - other`.
        high: Upper end.
        sign: 1 where more is better, else -1.
    """

    value: float
    other: float
    low: float
    high: float
    sign: int = 1

    @property
    def difference(self) -> float:
        """The first less the second."""
        return self.value - self.other

    @property
    def is_gain(self) -> bool:
        """Whether the first is significantly better; never where it cannot be scored."""
        return bool(self.sign * self.low > 0 and self.sign * self.high > 0)

    @property
    def is_loss(self) -> bool:
        """Whether the first is significantly worse."""
        return bool(self.sign * self.low < 0 and self.sign * self.high < 0)

    @property
    def is_same(self) -> bool:
        """Whether both scored the same on every resample."""
        return self.low == self.high == self.difference == 0

    @property
    def verdict(self) -> str:
        """What follows, in words."""
        if self.is_same:
            return "the same"
        if not (self.is_gain or self.is_loss):
            return "inconclusive"
        return "significantly above" if self.low > 0 else "significantly below"

    def __str__(self) -> str:
        return f"{self.difference:+.4f} (95%: {self.low:+.4f} to {self.high:+.4f})"


def compare(
    value: float, other: float, samples: FloatArray, other_samples: FloatArray, metric: Metric
) -> Comparison:
    """Compare two values by their resamples, (R,) each, which must be of the same draws."""
    low, high = paired_interval_of((samples - other_samples)[:, None], CONFIDENCE)
    return Comparison(value, other, float(low[0]), float(high[0]), metric.sign)


def interval(samples: FloatArray) -> tuple[float, float]:
    """Return the 95% interval of resamples (R,); NaN where none is known."""
    low, high = interval_of(np.asarray(samples)[:, None], CONFIDENCE)
    return float(low[0]), float(high[0])
