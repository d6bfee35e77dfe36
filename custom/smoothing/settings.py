"""How scores are smoothed over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from custom.errors import PodiumError

METHODS = ("median", "gaussian", "majority")
# A person is seen about 20 times a second: half a second of either.
USUAL_FRAMES, USUAL_SECONDS = 10, 0.5
# Sums of tenths of a second are not exact.
TIME_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Smoothing:
    """How scores are smoothed over time.

    Attributes:
        reach: How far another frame may be, in frames or in seconds.
        unit: "frames" or "seconds".
        iou_thr: Boxes of one class in two frames are one object from this IoU on.
        most: How many scores are joined, its own included; those of the nearest frames are.
        method: "median"; "gaussian", a mean weighted by the distance in time, with a third of the
            reach as deviation; "majority", the median of the scores on the side of 0.5 where most
            are, its own where both sides have as many.
        past_only: Whether later frames are left alone, as in a stream.
    """

    reach: float = USUAL_FRAMES
    unit: str = "frames"
    iou_thr: float = 0.7
    most: int = 7
    method: str = "median"
    past_only: bool = False

    def __post_init__(self) -> None:
        if self.unit not in ("frames", "seconds"):
            raise PodiumError(f"unit must be frames or seconds, but is {self.unit!r}")
        if not (math.isfinite(self.reach) and self.reach > 0):
            raise PodiumError(f"--{self.unit} must be above 0, but is {self.reach:g}")
        if not 0 < self.iou_thr <= 1:
            raise PodiumError(f"--iou must be above 0 and at most 1, but is {self.iou_thr:g}")
        if self.most < 2:
            raise PodiumError(f"--most must be at least 2, but is {self.most}")
        if self.method not in METHODS:
            raise PodiumError(f"--how must be one of {', '.join(METHODS)}, but is {self.method!r}")

    def __str__(self) -> str:
        direction = "in the past" if self.past_only else "before and after"
        return (
            f"{self.method} of up to {self.most} scores within {self.reach:g} {self.unit} "
            f"{direction}, IoU {self.iou_thr:g}"
        )

    @property
    def method_number(self) -> int:
        """What the kernel knows the method by."""
        return METHODS.index(self.method)
