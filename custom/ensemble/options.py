"""The tools' options of a fusion, from the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom.ensemble.methods import BACKENDS, METHODS, PARAMETERS, Parameter

if TYPE_CHECKING:
    import argparse

    from custom.ensemble.config import FusionConfig


# Chosen by what is labelled, which is the usual where a tool can.
AUTO = "auto"
USUAL_METHOD = "wbf"


def add_fusion_options(parser: argparse.ArgumentParser, with_auto: bool = False) -> Any:
    """Add the options of a fusion to a tool; return their group, for options of the tool's own.

    An option that is not given is None.

    Args:
        parser: The tool's.
        with_auto: Whether the tool can choose by the labelled images.
    """
    group = parser.add_argument_group("how to fuse")
    names = [name.replace("_", "-") for name in METHODS]
    usual = f"{USUAL_METHOD}; auto where images are labelled and no option is given"
    group.add_argument(
        "--method",
        choices=[*([AUTO] if with_auto else []), *names],
        help=usual if with_auto else USUAL_METHOD,
    )
    group.add_argument("--weights", type=float, nargs="+", help="one per file or model")
    for parameter in PARAMETERS:
        if parameter.is_option:
            group.add_argument(_option(parameter), **_settings(parameter))
    group.add_argument("--backend", choices=BACKENDS, help=BACKENDS[0])
    return group


def is_auto(args: argparse.Namespace) -> bool | None:
    """Return whether the fusion is to be chosen; None where nothing is said of it.

    Raises:
        PodiumError: If it is to be chosen and given as well.
    """
    given = [f"--{name.replace('_', '-')}" for name in _given(args) if name != "method"]
    if args.method != AUTO:
        return None if args.method is None and not given else False
    if given:
        from custom.errors import PodiumError

        raise PodiumError(
            f"--method auto chooses how to fuse, but {given[0]} is given too; leave it out, or "
            "name a method"
        )
    return True


def _given(args: argparse.Namespace) -> list[str]:
    """Return the options of a fusion that a command line gives."""
    names = ["method", "weights", "backend", *(p.name for p in PARAMETERS if p.is_option)]
    return [name for name in names if getattr(args, name) is not None]


def fusion_of(args: argparse.Namespace, is_of_labels: bool = False, **others: Any) -> FusionConfig:
    """Return the fusion that a command line describes, with `others` set besides.

    Labels of images and regions are joined where their boxes are equal, and none is left out,
    unless the command line says otherwise: at a usual IoU neighbours would become one.

    Raises:
        PodiumError: If a value is out of its range.
    """
    from custom.ensemble.config import FusionConfig

    values = {name: getattr(args, name) for name in _given(args)}
    if is_of_labels:
        values = {**of_labels(), **values}
    values["method"] = values.get("method", USUAL_METHOD).replace("-", "_")
    if "weights" in values:
        values["weights"] = tuple(values["weights"])
    return FusionConfig(**values, **others)


def of_labels() -> dict[str, Any]:
    """Return the parameters with which labels of images and regions are fused."""
    from custom.evaluation.items import EQUAL_IOU

    return {"iou_thr": EQUAL_IOU, "skip_box_thr": 0.0}


def text_of(config: FusionConfig) -> str:
    """Return a fusion, but for its weights, as the options that give it."""
    parts = [f"--method {config.method.replace('_', '-')}"]
    for parameter in config.row.parameters:
        value = getattr(config, parameter.name)
        if parameter.is_option and (parameter.range or value != parameter.default):
            shown = "" if value is True else f" {value:g}" if parameter.range else f" {value}"
            parts.append(_option(parameter) + shown)
    return " ".join(parts)


def _option(parameter: Parameter) -> str:
    return "--" + parameter.name.replace("_", "-")


def _settings(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter.default, bool):
        return {"action": "store_true", "default": None, "help": parameter.help}
    return {"type": type(parameter.default), "help": f"{parameter.help} ({parameter.default})"}
