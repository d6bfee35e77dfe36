"""What goes wrong with a command line: a value, an option, a path."""

from __future__ import annotations

from itertools import pairwise
from random import Random

# Left alone where a large value asks for long work, as it should.
_LONG_WORK = ("--trials", "--workers", "--train", "--test", "--size", "--folds", "--num")
VALUES = (
    "", " ", "-1", "0", "1", "2", "0.5", "1.5", "nan", "inf", "-inf", "1e9", "1e400", "0x1", "x",
    "99999999999999999999", "[red]", "../x", "..", ".", "data", "nowhere", "notes.txt",
    "data/train.json", "runs/a", "runs/a.json", "runs/*", "mate.csv", "a\nb", "\x1b[2J", "--", "-x",
    "\U0001f5d1", "wbf", "coco", "wheat", "rsna", "gbr", "siim", "trash", "AP", "nms", "soft_nms",
    "submissions/recipe.json", "2026-11-20T13:00+09:00", "2036-01-01T00:00:00", "(", "[", "*" * 9,
)  # fmt: skip


def change(argv: tuple[str, ...], options: tuple[str, ...], rng: Random) -> tuple[str, ...]:
    """Return a command line with one thing changed.

    Args:
        argv: The arguments.
        options: Others that the command knows.
        rng: Decides.
    """
    words = list(argv)
    kind = rng.choice(("value", "value", "add", "add", "drop", "double", "swap"))
    at = rng.randrange(len(words)) if words else 0
    if kind == "add" or not words:
        option = rng.choice(options)
        takes = [] if rng.random() < 0.3 else [_value(option, rng)]
        return (*words, option, *takes)
    if kind == "value":
        before = words[at - 1] if at else ""
        words[at] = _value(before, rng)
    elif kind == "drop":
        del words[at]
    elif kind == "double":
        words.insert(at, words[at])
    else:
        other = rng.randrange(len(words))
        words[at], words[other] = words[other], words[at]
    return tuple(words) if _is_short_work(words) else argv


def _value(option: str, rng: Random) -> str:
    return rng.choice(("2", "0", "-1", "x")) if option in _LONG_WORK else rng.choice(VALUES)


def _is_short_work(words: list[str]) -> bool:
    """Return whether no option of long work has got a large value by the way."""
    return not any(a in _LONG_WORK and len(b) > 2 and b[:1].isdigit() for a, b in pairwise(words))
