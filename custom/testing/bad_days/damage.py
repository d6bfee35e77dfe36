"""What goes wrong with a file: in its values, its cells, its bytes; a function of a generator."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

# Values that a hand, another program or a mate may leave where something else belongs.
WRONG: tuple[Any, ...] = (
    None, True, False, -1, 0, 1.5, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 1e300,
    -1e-300, float("nan"), float("inf"), [], {}, [1], {"a": 1}, "", " ", "x", "1", "1.0", "[/red]",
    "[bold]x", "=1+1", "+x", "-x", "@x", "a\tb", "a\nb", "a\rb", "<script>alert(1)</script>", "é",
    "e\u0301", "\u202e", "\U0001f5d1", "../x", "a/../../b", "x" * 5000, "\x00",
    "\x1b[2Jx", "\ud800", "${HOME}", "%s %d {0} {x}", "'; ls;",
    '"', "\\", ".", "..", "(", "[", "*", "NaN",
)  # fmt: skip
TOKENS = (
    b"nan", b"NaN", b"inf", b"-inf", b"", b"x", b"1e999", b"1_0", b"0x10", b"1,5", b"007", b"+1",
    b".5", b"1.", b"-0", b"1e3", b"--1", b"99999999999999999999", b"1.0000001", b"-1e-9", b"\xff",
    "\uff11".encode(), b"=1", b"null", b"None", b"true",
)  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-32", "cp1252")


def damage(content: bytes, path: str, rng: Random) -> tuple[bytes, str]:
    """Return a file's content with one thing wrong with it, and what that is.

    Args:
        content: As it is.
        path: Its name, which says what it holds.
        rng: Decides; equal states give equal damage.
    """
    kinds: list[Callable[[bytes, Random], tuple[bytes, str]]] = [in_bytes]
    if path.endswith((".json", ".jsonl")):
        kinds = [in_json if path.endswith(".json") else in_lines] * 4 + kinds
    elif path.endswith(".csv"):
        kinds = [in_cells] * 3 + kinds
    try:
        return rng.choice(kinds)(content, rng)
    except (ValueError, IndexError, RecursionError):  # an earlier damage made it something else
        return in_bytes(content, rng)


def in_bytes(content: bytes, rng: Random) -> tuple[bytes, str]:
    """Cut, flip, repeat or recode."""
    kind = rng.choice(("cut", "flip", "drop", "repeat", "insert", "recode", "replace", "ends"))
    at = rng.randrange(len(content) + 1)
    to = min(len(content), at + rng.choice((1, 2, 5, 100)))
    if kind == "cut":
        return content[:at], f"cut at byte {at}"
    if kind == "flip" and at < len(content):
        value = rng.randrange(256)
        return content[:at] + bytes([value]) + content[at + 1 :], f"byte {at} is {value}"
    if kind == "drop":
        return content[:at] + content[to:], f"bytes {at} to {to} are gone"
    if kind == "repeat":
        return content[:to] + content[at:], f"bytes {at} to {to} stand twice"
    if kind == "insert":
        piece = rng.choice((b"\0", b"\n", b",", b'"', b"[" * 5000, b"NaN", b"\xef\xbb\xbf", b"\r"))
        return content[:at] + piece + content[at:], f"{piece[:9]!r} inserted at byte {at}"
    if kind == "recode":
        name = rng.choice(ENCODINGS)
        return content.decode("utf-8", "replace").encode(name, "replace"), f"in {name}"
    if kind == "ends":
        return content.replace(b"\n", b"\r\n"), "line ends as on Windows"
    whole = rng.choice(
        (b"", b"null", b"[]", b"{}", b"0", b"\n\n", b"\x1f\x8b\x08", b'"x"', b"[[]]")
    )
    return whole, f"all of it is {whole!r}"


def in_json(content: bytes, rng: Random) -> tuple[bytes, str]:
    """Change a value, a key or the order of JSON."""
    document = json.loads(content)
    places = list(_places(document))
    if not places:
        return in_bytes(content, rng)
    path, key = rng.choice(places)
    owner = document
    for step in path:
        owner = owner[step]
    what = _change(owner, key, document, places, rng)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    return text.encode("utf-8", "surrogatepass"), f"{'.'.join(map(str, [*path, key]))}: {what}"


def in_lines(content: bytes, rng: Random) -> tuple[bytes, str]:
    """Change one line of JSON Lines, or the lines."""
    lines = content.split(b"\n")
    at = rng.randrange(max(1, len(lines) - 1))
    kind = rng.choice(("value", "value", "value", "double", "drop", "half", "conflict"))
    if kind == "value":
        lines[at], what = in_json(lines[at], rng)
        return b"\n".join(lines), f"line {at + 1}: {what}"
    if kind == "double":
        lines.insert(at, lines[at])
    elif kind == "drop":
        del lines[at]
    elif kind == "half":
        lines[at] = lines[at][: len(lines[at]) // 2]
    else:
        lines.insert(at, b"<<<<<<< HEAD")
    return b"\n".join(lines), f"line {at + 1}: {kind}"


def in_cells(content: bytes, rng: Random) -> tuple[bytes, str]:
    """Change a number, a cell, a row or the separators of a CSV file."""
    lines = content.split(b"\n")
    at = rng.randrange(max(1, len(lines) - 1))
    kind = rng.choice(("token", "token", "token", "drop token", "row", "cell", "separator"))
    if kind == "token":
        tokens, token = lines[at].split(b" "), rng.choice(TOKENS)
        place = rng.randrange(len(tokens))
        tokens[place] = token + tokens[place][tokens[place].find(b",") :] * (b"," in tokens[place])
        lines[at] = b" ".join(tokens)
        return b"\n".join(lines), f"line {at + 1}: value {place + 1} is {token!r}"
    if kind == "drop token":
        tokens = lines[at].split(b" ")
        del tokens[rng.randrange(len(tokens))]
        lines[at] = b" ".join(tokens)
    elif kind == "row":
        action = rng.choice(("double", "drop", "move"))
        row = lines.pop(at)
        lines[at:at] = {"double": [row, row], "drop": [], "move": []}[action]
        lines += [row] if action == "move" else []
        kind = f"row, {action}"
    elif kind == "cell":
        cells, cell = lines[at].split(b","), rng.choice([w for w in WRONG if isinstance(w, str)])
        cells[rng.randrange(len(cells))] = cell.encode("utf-8", "replace")
        lines[at], kind = b",".join(cells), f"a cell is {cell[:20]!r}"
    else:
        separator = rng.choice((b";", b"\t", b", ", b"|"))
        return content.replace(b",", separator), f"{separator!r} between cells"
    return b"\n".join(lines), f"line {at + 1}: {kind}"


def _change(owner: Any, key: Any, document: Any, places: list[tuple[Any, Any]], rng: Random) -> str:
    """Change one value of a document in place; return how."""
    value = owner[key]
    kind = rng.choice(("wrong", "wrong", "wrong", "number", "remove", "copy", "double", "order"))
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        owner[key] = rng.choice(
            (value + 1, -value, value * 10, value / 1000, float(value), str(value))
        )
    elif kind == "remove":
        del owner[key]
        return "removed"
    elif kind == "copy":
        path, other = rng.choice(places)
        for step in path:
            document = document[step]
        owner[key] = copy.deepcopy(document[other])
    elif kind == "double" and isinstance(owner, list):
        owner.insert(key, copy.deepcopy(value))
        return "stands twice"
    elif kind == "double":
        owner[rng.choice(("x", f"{key} ", str(key).upper()))] = owner.pop(key)
        return "renamed"
    elif kind == "order" and isinstance(value, list):
        rng.shuffle(value)
        return "in another order"
    else:
        owner[key] = copy.deepcopy(rng.choice(WRONG))
    return f"{owner[key]!r:.60}"


def _places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each value of a document: where its owner stands, and its key there."""
    entries = list(document.items()) if isinstance(document, dict) else []
    if isinstance(document, list):
        entries = list(enumerate(document))
    for key, value in entries:
        yield path, key
        yield from _places(value, (*path, key))


# What a file of another name may be called.
NAMES = (
    "a b{}", "[red]{}", "[/red]{}", "a'b{}", 'a"b{}', "a\nb{}", "\U0001f5d1{}", "-x{}", "=x{}",
    "<b>{}", "%s{}", "{{0}}{}", "e\u0301{}", "a;b{}", "$HOME{}", "a*{}", ".hidden{}", "a.b.c{}",
    "x" * 200 + "{}", "\u202ex{}", "a,b{}", "#x{}", "~x{}", "a\\b{}", "\udcff{}",
)  # fmt: skip


def renamed(path: str, rng: Random) -> str:
    """Return another name for a file in the same folder: odd, or its suffix in capitals."""
    old = Path(path)
    if rng.random() < 0.2:
        return str(old.with_suffix(old.suffix.upper()))
    return str(old.parent / rng.choice(NAMES).format(old.suffix))
