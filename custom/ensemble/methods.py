"""The fusing methods: one row each. Nothing else lists them, their parameters or their kernels.

A new method is a row here and a kernel file; a parameter that is new also a field of
`FusionConfig`. Options of the tools, the space of the search and the reference backend follow.
Nothing is imported here that takes time, dataclasses neither, so that the tools' help can name the
methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

CONF_TYPES = ("avg", "max", "box_and_model_avg", "absent_model_aware_avg")
BACKENDS = ("numba", "reference")


class Parameter(NamedTuple):
    """A parameter of fusions: a field of `FusionConfig` and an option of the tools.

    Attributes:
        name: The field; the option has dashes.
        default: What the field is where nothing sets it.
        help: What the option's help says.
        choices: The values, where there are only some; a kernel gets their position.
        range: From where to where the search looks; None where it does not.
        log: Whether the search looks evenly over the logarithm.
        searched: What the search always sets, where that is not the default.
        reference: What ensemble-boxes calls it; empty where it has no such parameter.
        is_option: Whether the tools have an option for it.
    """

    name: str
    default: Any
    help: str = ""
    choices: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    log: bool = False
    searched: Any = None
    reference: str = ""
    is_option: bool = True

    def code(self, value: Any) -> Any:
        """Return a value as kernels get it: a choice is its position."""
        return self.choices.index(value) if self.choices else value


SKIP_BOX_THR = Parameter(
    "skip_box_thr", 1e-4, "boxes of lower score are left out", range=(1e-4, 0.5), log=True
)
# Up to 1, at which NMS leaves every box as it is: so a model alone is a point of the search.
IOU_THR = Parameter(
    "iou_thr", 0.55, "boxes that overlap more are one object", range=(0.3, 1.0), reference="iou_thr"
)
CONF_TYPE = Parameter(
    "conf_type", "avg", "how WBF scores a cluster", choices=CONF_TYPES, reference="conf_type"
)
ALLOWS_OVERFLOW = Parameter("allows_overflow", False, reference="allows_overflow", is_option=False)
SIGMA = Parameter("sigma", 0.5, "of soft-nms", range=(0.05, 2.0), log=True, reference="sigma")
SCORE_THR = Parameter("score_thr", 0.001, reference="thresh", is_option=False)
DECAY_SCORES = Parameter("decay_scores", False, "of soft-nms: as published", searched=True)
CLASS_AGNOSTIC = Parameter("class_agnostic", False, "fuse boxes of different classes too")
RAW_SCORES = Parameter(
    "raw_scores", False, "keep scores that weights lift above 1, as ensemble-boxes does"
)
# What every method has.
COMMON = (SKIP_BOX_THR, CLASS_AGNOSTIC, RAW_SCORES)


class Method(NamedTuple):
    """A way to fuse.

    Attributes:
        kernel: Module and function below `custom.ensemble.kernels`. It is called with a range of
            images, the pool of their boxes, and the values of `parameters`.
        parameters: What it has besides `COMMON`, in the order of the kernel.
        reference: The function of ensemble-boxes; empty where it has none.
        reference_form: The arguments that make the reference's function this method.
        scales_by: What scores are multiplied with: a model's weight as it is, its share of the
            largest weight, or its share of the sum, where weights are given.
        by_score: Whether the kernel gets each class's boxes by falling score.
        breaks_ties_as_numpy: Whether equal scores stand as numpy's argsort, reversed, leaves them;
            else as numba's does.
    """

    kernel: str
    parameters: tuple[Parameter, ...]
    reference: str = ""
    reference_form: Mapping[str, Any] = MappingProxyType({})
    scales_by: Literal["weight", "largest", "sum"] = "sum"
    by_score: bool = True
    breaks_ties_as_numpy: bool = False

    def load(self) -> Callable[..., None]:
        """Return the compiled kernel."""
        module, _, name = self.kernel.partition(".")
        kernel: Callable[..., None] = getattr(
            import_module(f"custom.ensemble.kernels.{module}"), name
        )
        return kernel

    def has(self, parameter: Parameter) -> bool:
        """Whether the method has a parameter."""
        return parameter in (*COMMON, *self.parameters)

    def settings(self, config: Any) -> tuple[Any, ...]:
        """Return what the kernel gets after the pool, of a `FusionConfig`."""
        return tuple(each.code(getattr(config, each.name)) for each in self.parameters)

    def reference_arguments(self, config: Any) -> dict[str, Any]:
        """Return what the reference gets besides boxes, of a `FusionConfig`."""
        named = {p.reference: getattr(config, p.name) for p in self.parameters if p.reference}
        return {"weights": config.weights, **named, **self.reference_form}


METHODS: Mapping[str, Method] = {
    "wbf": Method(
        "wbf.fuse_wbf",
        (IOU_THR, CONF_TYPE, ALLOWS_OVERFLOW),
        "weighted_boxes_fusion",
        scales_by="weight",
        breaks_ties_as_numpy=True,
    ),
    "nmw": Method(
        "nmw.fuse_nmw",
        (IOU_THR,),
        "non_maximum_weighted",
        scales_by="largest",
        breaks_ties_as_numpy=True,
    ),
    "soft_nms": Method(
        "nms.fuse_soft_nms",
        (SIGMA, SCORE_THR, DECAY_SCORES),
        "soft_nms",
        reference_form={"method": 2},
        by_score=False,
    ),
    "soft_nms_linear": Method(
        "nms.fuse_soft_nms_linear",
        (IOU_THR, SCORE_THR, DECAY_SCORES),
        "soft_nms",
        reference_form={"method": 1},
        by_score=False,
    ),
    "nms": Method("nms.fuse_nms", (IOU_THR,), "nms"),
    "diou_nms": Method("nms.fuse_diou_nms", (IOU_THR,)),
}

PARAMETERS: tuple[Parameter, ...] = tuple(
    dict.fromkeys([*COMMON, *(each for method in METHODS.values() for each in method.parameters)])
)
