"""The tools' options of a fusion, from the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom.ensemble.methods import BACKENDS, METHODS, PARAMETERS, Parameter

if TYPE_CHECKING:
    import argparse

    from custom.ensemble.config import FusionConfig


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
    from custom.ensemble.config import FusionConfig

    values = {each.name: getattr(args, each.name) for each in PARAMETERS if each.is_option}
    weights = None if args.weights is None else tuple(args.weights)
    method = args.method.replace("-", "_")
    return FusionConfig(method, weights=weights, backend=args.backend, **values, **others)


def _option(parameter: Parameter) -> str:
    return "--" + parameter.name.replace("_", "-")


def _settings(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter.default, bool):
        return {"action": "store_true", "help": parameter.help}
    shown = {"default": parameter.default, "help": f"{parameter.help} (%(default)s)"}
    return {"type": type(parameter.default), **shown}
