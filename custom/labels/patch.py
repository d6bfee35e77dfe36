"""Decisions on labels as a text file: one edit a line, sorted, so that git merges two people's.

{"image":"train/0001.jpg","edit":"relabel","class":"Paper","box":[10,20,30,40],"to":"Metal",...}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from custom.boxes import TOLERANCE_PX, xywh_to_xyxy
from custom.errors import PodiumError
from custom.files import PathLike, read_bytes, write_bytes
from custom.labels.overlaps import TWICE_IOU, pairwise_iou
from custom.typed_json import read_line

Box = tuple[float, float, float, float]

ADD, REMOVE, RELABEL, MOVE = "add", "remove", "relabel", "move"
# What `to` is for each kind of edit: nothing, a class, or a box.
EDITS: dict[str, type | None] = {ADD: None, REMOVE: None, RELABEL: str, MOVE: tuple}
DECIMALS = 2


@dataclass(frozen=True)
class Edit:
    """One decision.

    Attributes:
        image: File name.
        edit: "add", "remove", "relabel" or "move".
        category: Class name, before the edit.
        box: x, y, width, height, before the edit; two decimals.
        to: The new class for "relabel", the new box for "move", else None.
        author: Who decided.
        reason: Why.
    """

    image: str
    edit: str
    category: str
    box: Box
    to: str | Box | None = None
    author: str = ""
    reason: str = ""

    @property
    def decision(self) -> tuple[Any, ...]:
        """What is decided, whoever did it and why."""
        return (self.image, self.edit, self.category, self.box, self.to)

    def line(self) -> bytes:
        """Return the edit as a line of a patch file."""
        content: dict[str, Any] = {"image": self.image, "edit": self.edit, "class": self.category}
        content["box"] = self.box
        if self.to is not None:
            content["to"] = self.to
        return orjson.dumps({**content, "author": self.author, "reason": self.reason})

    def targets(self, image: str, category: str, box: Sequence[float]) -> bool:
        """Return whether this edit is about an annotated box, up to a pixel of rounding."""
        near = max(abs(a - b) for a, b in zip(self.box, box, strict=True)) <= TOLERANCE_PX
        return self.image == image and self.category == category and near


@dataclass(frozen=True)
class _Line:
    """An edit as a line of a patch has it."""

    image: str
    edit: Literal["add", "remove", "relabel", "move"]
    category: str = field(metadata={"key": "class"})
    box: Box
    to: str | Box | None = None
    author: str = ""
    reason: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def rounded(box: Iterable[float]) -> Box:
    """Return a box as patches hold it."""
    x, y, width, height = (round(float(value), DECIMALS) for value in box)
    return x, y, width, height


def refuse_replacing(path: PathLike) -> None:
    """Refuse to write a patch over another one, whose lines people decided on.

    Raises:
        PodiumError: If the file exists and is not empty.
    """
    path = Path(path)
    if path.exists() and path.stat().st_size:
        raise PodiumError(
            f"{path} must be a new patch, but exists and may hold decisions; name another file, "
            "or --overwrite it"
        )


def write_patch(path: PathLike, edits: Iterable[Edit]) -> None:
    """Write edits, sorted by image, each once."""
    lines = sorted({edit.line() for edit in edits})
    write_bytes(path, b"".join(line + b"\n" for line in lines))


def read_patches(paths: Sequence[PathLike]) -> list[Edit]:
    """Read patch files as one list of edits, and refuse what contradicts itself.

    Raises:
        PodiumError: If a line is no edit, git left a conflict in a file, or two edits are about
            one box; file and line are named.
    """
    placed = [(edit, where) for path in paths for edit, where in _read_file(path)]
    _check_conflicts(placed)
    unique: dict[tuple[Any, ...], Edit] = {}
    for edit, _ in placed:
        unique.setdefault(edit.decision, edit)
    return list(unique.values())


def _read_file(path: PathLike) -> list[tuple[Edit, str]]:
    edits = []
    for number, line in enumerate(read_bytes(path).splitlines(), start=1):
        if line.startswith((b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")):
            raise PodiumError(
                f"{path}:{number}: two people edited the same lines, and git could not merge "
                "them; keep one side's lines, or both, and remove the markers"
            )
        if line.strip():
            edits.append((_parse(line, f"{path}:{number}"), f"{Path(path).name}:{number}"))
    return edits


def _parse(line: bytes, where: str) -> Edit:
    content = read_line(line, _Line, where)
    wanted, to = EDITS[content.edit], content.to
    if not (to is None if wanted is None else isinstance(to, wanted)):
        raise PodiumError(f"{where}: `to` of {content.edit!r} does not fit, it is {to!r}")
    for box in (content.box, to):
        if isinstance(box, tuple) and min(box[2:]) <= 0:
            raise PodiumError(
                f"{where}: a box must be x, y, width, height with an area, but is {list(box)}"
            )
    return Edit(
        content.image,
        content.edit,
        content.category,
        rounded(content.box),
        rounded(to) if isinstance(to, tuple) else to,
        content.author,
        content.reason,
    )


def _check_conflicts(placed: Sequence[tuple[Edit, str]]) -> None:
    """Refuse two different edits of one box."""
    by_image: dict[str, list[tuple[Edit, str]]] = {}
    for edit, where in placed:
        for other, elsewhere in by_image.setdefault(edit.image, []):
            if edit.decision != other.decision and same_object(edit, other):
                raise PodiumError(
                    f"{elsewhere} and {where} must agree on one box of {edit.image}, but "
                    f"{other.author or 'one'} wants {_wish(other)}, {edit.author or 'another'} "
                    f"{_wish(edit)}; delete one of the lines"
                )
        by_image[edit.image].append((edit, where))


def same_object(one: Edit, other: Edit) -> bool:
    """Return whether two edits are about one annotated box, or add one object twice."""
    if one.edit == other.edit == ADD:
        boxes = xywh_to_xyxy([one.box, other.box])
        return bool(pairwise_iou(boxes[:1], boxes[1:])[0, 0] >= TWICE_IOU)
    return other.targets(one.image, one.category, one.box)


def _wish(edit: Edit) -> str:
    return f"{edit.edit} {edit.category}" + (f" to {edit.to}" if edit.to is not None else "")
