"""Numbers and names as the pages print them: fixed decimals, real minus signs, no surprises."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from custom.review.draw.error_types import ERROR_TEXTS

NOTHING = "\u2013"
MINUS = "\u2212"


def decimals(value: float, places: int = 3) -> str:
    """Return a number with fixed decimals; a dash where there is none."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value + 0.0:.{places}f}".replace("-", MINUS)


def signed(value: float, places: int = 3) -> str:
    """Return a difference with its sign; one that rounds to nothing has none."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{value:+.{places}f}"
    if float(text) == 0:
        return text[1:]
    return text.replace("-", MINUS)


def count(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{int(value):,}"


def percent(value: float, places: int = 1) -> str:
    """Return a share of 1 in percent; a dash where there is none."""
    return f"{100 * value:.{places}f}%" if math.isfinite(value) else NOTHING


def interval(low: float, high: float) -> str:
    """Return both ends of an interval."""
    return f"{decimals(low)} to {decimals(high)}"


def plain(name: str) -> str:
    """Return a name as a chart shows it: plotly.js reads its labels as a kind of HTML."""
    return html.escape(name, quote=False)


def joined(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def class_link(name: str, model: int | None = None) -> str:
    """Return the address of a class's page, with one of the models chosen."""
    if model is None:
        return f"classes.html#{quote(name, safe='')}"
    return f"classes.html#class={quote(name, safe='')}&model={model}"


def gallery_link(kind: str, name: str | None = None, model: int = 0) -> str:
    """Return the address of the gallery's pictures of one error type, of one class or all."""
    of_class = "" if name is None else f"&class={quote(name, safe='')}"
    return f"gallery.html#kind={quote(kind, safe='')}{of_class}&model={model}"


def shade(value: float, largest: float) -> int:
    """Return how strongly a cell is coloured, in percent; nothing for what is no gain."""
    return round(100 * min(value / largest, 1)) if math.isfinite(value) and value > 0 else 0


# What templates may call.
FILTERS: dict[str, Callable[..., Any]] = {
    "decimals": decimals,
    "signed": signed,
    "count": count,
    "percent": percent,
    "joined": joined,
}
FUNCTIONS: dict[str, Any] = {
    "class_link": class_link,
    "gallery_link": gallery_link,
    "interval": interval,
    "shade": shade,
    "ERROR_TEXTS": ERROR_TEXTS,
}
