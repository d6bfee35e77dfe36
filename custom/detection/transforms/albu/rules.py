"""What may have happened to an argument between two versions of a library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Arguments = dict[str, Any]
# Changes the arguments in place and returns what is to be said about it, or "".
Rule = Callable[[Arguments], str]


def converted(old: str, new: str, convert: Callable[[Any], Any] = lambda value: value) -> Rule:
    """Return the rule that gives an argument another name, and its value another unit."""

    def rule(arguments: Arguments) -> str:
        value = arguments.pop(old, None)
        if value is None:  # version 1's word for the default
            return ""
        arguments[new] = convert(value)
        return f"{old}={value} is {new}={arguments[new]} now"

    return rule


def paired(low: str, high: str, new: str, defaults: tuple[Any, Any] = (None, None)) -> Rule:
    """Return the rule that joins two arguments; a default of None stands for the other one."""

    def rule(arguments: Arguments) -> str:
        if low not in arguments and high not in arguments:
            return ""
        given = zip((arguments.pop(low, None), arguments.pop(high, None)), defaults, strict=True)
        first, second = (default if value is None else value for value, default in given)
        arguments[new] = (second if first is None else first, first if second is None else second)
        return f"{low} and {high} are {new}={arguments[new]} now"

    return rule


def dropped(name: str, why: str) -> Rule:
    """Return the rule that leaves out an argument without counterpart, and says it."""

    def rule(arguments: Arguments) -> str:
        value = arguments.pop(name, None)
        return f"{name}={value} is left out: {why}" if value else ""

    return rule


def filled(name: str, value: Any) -> Rule:
    """Return the rule that gives what was a default to a transform that has another one."""

    def rule(arguments: Arguments) -> str:
        arguments.setdefault(name, value)
        return ""

    return rule


def always_apply(arguments: Arguments) -> str:
    """Put version 1's `always_apply` into the probability."""
    if not arguments.pop("always_apply", False):
        return ""
    arguments["p"] = 1.0
    return "always_apply=True is p=1.0 now"


def compression_by_name(arguments: Arguments) -> str:
    """Name the compression for which version 1 had a number."""
    value = arguments.get("compression_type", "jpeg")
    if isinstance(value, int):
        arguments["compression_type"] = {0: "jpeg", 1: "webp"}.get(value, value)
    return ""
