"""What a fusion is set to: one frozen value that every function takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from custom.ensemble import methods
from custom.ensemble.methods import BACKENDS, CONF_TYPES, METHODS, Method
from custom.errors import PodiumError


@dataclass(frozen=True)
class FusionConfig:
    """The parameters of a fusion.

    Attributes:
        method: One of `METHODS`. `soft_nms` is the Gaussian form, `soft_nms_linear` the other.
        iou_thr: Boxes that overlap more are one object. The Gaussian form does not use it.
        skip_box_thr: Boxes with a lower score, before weighting, are left out; all methods.
        weights: One per model; None is the same for all. A weight of zero removes the model.
        conf_type: How WBF makes one score of a cluster's; one of `CONF_TYPES`.
        sigma: Width of the Gaussian of `soft_nms`, in squared IoU.
        score_thr: `soft_nms` leaves out boxes that it decayed to this score or lower.
        decay_scores: `soft_nms` returns the decayed scores, as published. Off, it returns the
            scores that came in, as ensemble-boxes 1.0.9 does.
        allows_overflow: WBF with `avg` does not cap a cluster's number of boxes at the number of
            models, so scores above 1 become usual.
        class_agnostic: Boxes of different classes are fused too; the label is the best box's.
        backend: `numba`, or `reference`, which runs ensemble-boxes itself.
        raw_scores: Scores that weights lift above 1 are kept, as ensemble-boxes has them; off, all
            are divided by the greatest score that the weights can give.
        final_score_thr: Fused boxes of lower score are left out: for metrics that punish every
            false box.
    """

    method: str = "wbf"
    iou_thr: float = methods.IOU_THR.default
    skip_box_thr: float = methods.SKIP_BOX_THR.default
    weights: tuple[float, ...] | None = None
    conf_type: str = methods.CONF_TYPE.default
    sigma: float = methods.SIGMA.default
    score_thr: float = methods.SCORE_THR.default
    decay_scores: bool = methods.DECAY_SCORES.default
    allows_overflow: bool = methods.ALLOWS_OVERFLOW.default
    class_agnostic: bool = methods.CLASS_AGNOSTIC.default
    backend: str = "numba"
    final_score_thr: float = 0.0
    raw_scores: bool = methods.RAW_SCORES.default

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        for name, allowed in (
            ("method", tuple(METHODS)),
            ("conf_type", CONF_TYPES),
            ("backend", BACKENDS),
        ):
            if (value := getattr(self, name)) not in allowed:
                raise PodiumError(f"{name} must be one of {', '.join(allowed)}, but is {value!r}")
        for name in ("iou_thr", "skip_box_thr", "score_thr", "final_score_thr"):
            if not 0.0 <= (value := getattr(self, name)) <= 1.0:
                raise PodiumError(f"{name} must be between 0 and 1, but is {value}")
        if not (self.sigma > 0.0 and math.isfinite(self.sigma)):
            raise PodiumError(f"sigma must be above 0, but is {self.sigma}")
        self._check_backend()

    def _check_backend(self) -> None:
        if self.backend != "reference":
            return
        if not self.row.reference or self.class_agnostic or self.decay_scores:
            raise PodiumError(
                "backend 'reference' must run what ensemble-boxes has, but it has no diou_nms, "
                "class_agnostic or decay_scores; use backend 'numba'"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as files keep them, later ones only where they are set."""
        content = asdict(self)
        for name in ("final_score_thr", "raw_scores"):
            if not content[name]:
                del content[name]
        return content

    @property
    def row(self) -> Method:
        """The method's row of the table."""
        return METHODS[self.method]

    def weights_for(self, num_models: int) -> tuple[float, ...]:
        """Return one weight per model, checked; all 1 where none are set.

        Raises:
            PodiumError: If there is not one weight per model, one is negative or no number, or
                all are zero.
        """
        return check_weights(self.weights, num_models)


def check_weights(weights: Sequence[float] | None, num_models: int) -> tuple[float, ...]:
    """Return `weights` as a tuple with one entry per model, all 1 for None.

    Raises:
        PodiumError: If there is not one weight per model, one is negative or no number, or all
            are zero.
    """
    if weights is None:
        return (1.0,) * num_models
    if len(weights) != num_models:
        raise PodiumError(
            f"weights must have one entry per model ({num_models}), "
            f"but got {len(weights)}: {list(weights)}"
        )
    for position, weight in enumerate(weights):
        if not (math.isfinite(weight) and weight >= 0.0):
            raise PodiumError(
                f"weights must be numbers of 0 or more, but number {position + 1} of "
                f"{list(weights)} is {weight}"
            )
    if not any(weights):
        raise PodiumError(f"weights must not all be zero, but are {list(weights)}")
    return tuple(float(weight) for weight in weights)
