"""What a fusion is set to: one frozen value that every function takes, and the tools' options."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from custom.ensemble.methods import (
    BACKENDS,
    CONF_TYPES,
    METHODS,
    PARAMETERS,
    Method,
    Parameter,
)
from custom.errors import PodiumError

if TYPE_CHECKING:
    import argparse


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
    iou_thr: float = 0.55
    skip_box_thr: float = 1e-4
    weights: tuple[float, ...] | None = None
    conf_type: str = "avg"
    sigma: float = 0.5
    score_thr: float = 0.001
    decay_scores: bool = False
    allows_overflow: bool = False
    class_agnostic: bool = False
    backend: str = "numba"
    final_score_thr: float = 0.0
    raw_scores: bool = False

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


_DEFAULTS = {each.name: each.default for each in fields(FusionConfig)}


def add_fusion_options(parser: argparse.ArgumentParser) -> Any:
    """Add the options of a fusion to a tool; return their group, for options of the tool's own."""
    group = parser.add_argument_group("how to fuse")
    names = [name.replace("_", "-") for name in METHODS]
    group.add_argument("--method", choices=names, default="wbf")
    group.add_argument("--weights", type=float, nargs="+", help="one per file or model")
    for parameter in PARAMETERS:
        if parameter.is_option:
            group.add_argument(_option(parameter), **_settings(parameter))
    group.add_argument("--backend", choices=BACKENDS, default="numba")
    return group


def fusion_of(args: argparse.Namespace, **others: Any) -> FusionConfig:
    """Return the fusion that a command line describes, with `others` set besides.

    Raises:
        PodiumError: If a value is out of its range.
    """
    values = {each.name: getattr(args, each.name) for each in PARAMETERS if each.is_option}
    weights = None if args.weights is None else tuple(args.weights)
    method = args.method.replace("-", "_")
    return FusionConfig(method, weights=weights, backend=args.backend, **values, **others)


def _option(parameter: Parameter) -> str:
    return "--" + parameter.name.replace("_", "-")


def _settings(parameter: Parameter) -> dict[str, Any]:
    default = _DEFAULTS[parameter.name]
    if isinstance(default, bool):
        return {"action": "store_true", "help": parameter.help}
    return {"type": type(default), "default": default, "help": f"{parameter.help} (%(default)s)"}
