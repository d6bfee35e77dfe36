"""Suspected label errors as a page shows them, each with the line of a patch that fixes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from custom.boxes import xywh_to_xyxy
from custom.errors import PodiumError
from custom.files import PathLike, read_json, sha256_of
from custom.labels.command import suspect_record
from custom.labels.overlaps import pairwise_iou
from custom.labels.patch import Box, Edit, same_object
from custom.labels.suspects import DUPLICATE, KINDS, LOCALIZATION, find_suspects
from custom.review.compute.entries import rank_in_group
from custom.tables import GroundTruth, Predictions
from custom.typed_json import from_json

SHOWN_AT_MOST = 1000
OF_EACH_KIND = 200
# As files made before 0.1.0 was released say it.
_OLD_KINDS = {"place": LOCALIZATION}
# What follows in a line is the author's name and reason, which the page asks for.
_OPEN_END = b'"author":"","reason":""}'

Record = dict[str, Any]


@dataclass(frozen=True)
class _Annotations:
    """The annotations that suspects are of."""

    hash: str
    file: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Suspect:
    """A suspect as `labels.py find` writes it."""

    kind: Literal["missing", "class", "localization", "place", "duplicate", "extra"]
    score: float
    image: str
    image_id: int
    annotation_id: int | None
    edit: Literal["add", "remove", "relabel", "move"]
    category: str = field(metadata={"key": "class"})
    box: Box
    to: str | Box | None
    seen_class: str
    seen_bbox: Box
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _SuspectsFile:
    """What `labels.py find` writes."""

    annotations: _Annotations
    suspects: tuple[_Suspect, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposals:
    """Suspects, the most suspicious first.

    Attributes:
        records: As `labels.py find` writes them.
        origin: Where they come from.
        left_out: How many are on other images than the review's.
    """

    records: list[Record]
    origin: str
    left_out: int = 0


def find_proposals(gt: GroundTruth, predictions: Predictions, model: str) -> Proposals:
    """Find suspects beside the predictions of a model that has not seen these labels."""
    records = [suspect_record(gt, suspect) for suspect in find_suspects(gt, predictions)]
    return Proposals(records, f"found beside the predictions of {model}")


def read_proposals(path: PathLike, gt: GroundTruth) -> Proposals:
    """Read suspects that `labels.py find` wrote.

    Raises:
        PodiumError: If the file is none of these, or was made with other annotations.
    """
    content = read_json(path)
    file = from_json(_SuspectsFile, content, str(path))
    if file.annotations.hash != annotations_hash(gt):
        raise PodiumError(
            f"{path} must belong to {gt.source}, but was made with other annotations "
            f"({file.annotations.file}, {file.annotations.hash[:12]}); run tools/labels.py find "
            "again"
        )
    known = [
        {**record, "kind": _OLD_KINDS.get(record["kind"], record["kind"])}
        for record in content["suspects"]
    ]
    here = [record for record in known if record["image_id"] in gt.images.index_of_id]
    here.sort(key=lambda record: -record["score"])
    return Proposals(here, f"read from {path}", len(known) - len(here))


def annotations_hash(gt: GroundTruth) -> str:
    """Return the hash of the file that annotations were read from."""
    return sha256_of(gt.source)


def worst_proposals(records: Sequence[Record]) -> list[Record]:
    """Return the first suspects, and the first of each error type at least."""
    kinds = np.array([KINDS.index(record["kind"]) for record in records], np.int64)
    kept = rank_in_group(kinds) < OF_EACH_KIND
    kept[:SHOWN_AT_MOST] = True
    return [records[i] for i in np.flatnonzero(kept)]


def edit_of_record(record: Record) -> Edit:
    """Return the edit that a suspect proposes, without author; the reason says what it is."""
    to = tuple(record["to"]) if isinstance(record["to"], list | tuple) else record["to"]
    reason = f"suspect: {record['kind']}, {record['score']:.3f}"
    box = tuple(record["box"])
    return Edit(record["image"], record["edit"], record["class"], box, to, "", reason)


def open_line(edit: Edit) -> str:
    """Return an edit as a patch has it, up to where author and reason follow.

    A page that puts them there, as JSON, makes the same bytes as `write_patch`.
    """
    bare = Edit(edit.image, edit.edit, edit.category, edit.box, edit.to)
    return bare.line().removesuffix(_OPEN_END).decode()


def rivals_of(edits: Sequence[Edit]) -> list[list[int]]:
    """Return for each edit which others contradict it: a patch may hold only one of them."""
    rivals: list[list[int]] = [[] for _ in edits]
    by_image: dict[str, list[int]] = {}
    for position, edit in enumerate(edits):
        for other in by_image.setdefault(edit.image, []):
            if same_object(edit, edits[other]):
                rivals[position].append(other)
                rivals[other].append(position)
        by_image[edit.image].append(position)
    return rivals


def page_records(gt: GroundTruth, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return suspects as the page reads them; boxes are xyxy."""
    edits = [edit_of_record(record) for record in records]
    rivals = rivals_of(edits)
    return [
        {
            "kind": record["kind"],
            "score": round(record["score"], 3),
            "image": gt.images.index_of_id[record["image_id"]],
            "row": _row_in_image(gt, record),
            "twin": _twin_in_image(gt, record) if record["kind"] == DUPLICATE else None,
            "edit": edit.edit,
            "class": edit.category,
            "seenClass": record["seen_class"],
            "annotated": None if record["annotation_id"] is None else _xyxy(edit.box),
            "seen": np.round(record["seen_bbox"], 2).tolist(),
            "line": open_line(edit),
            "reason": edit.reason,
            "rivals": rivals[position],
        }
        for position, (record, edit) in enumerate(zip(records, edits, strict=True))
    ]


def image_records(gt: GroundTruth, images: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return by position what is annotated on images that have suspects."""
    names = gt.categories.names
    return {
        image: {
            "name": gt.images.file_names[image],
            "size": gt.images.sizes_hw[image][::-1].tolist(),
            "bboxes": np.round(gt.bboxes[gt.rows(image)], 1).tolist(),
            "classes": [names[label] for label in gt.labels[gt.rows(image)].tolist()],
        }
        for image in images
    }


def _row_in_image(gt: GroundTruth, record: Record) -> int | None:
    """Return which of its image's boxes a suspect is about."""
    if record["annotation_id"] is None:
        return None
    rows = gt.rows(gt.images.index_of_id[record["image_id"]])
    found = np.flatnonzero(gt.annotation_ids[rows] == record["annotation_id"])
    return int(found[0]) if len(found) else None


def _twin_in_image(gt: GroundTruth, record: Record) -> int | None:
    """Return which other box of its image a duplicate repeats."""
    own = _row_in_image(gt, record)
    bboxes = gt.bboxes[gt.rows(gt.images.index_of_id[record["image_id"]])]
    if own is None or len(bboxes) < 2:
        return None
    overlaps = pairwise_iou(bboxes[own][None], bboxes)[0]
    overlaps[own] = -1.0
    return int(overlaps.argmax())


def _xyxy(box: Sequence[float]) -> list[float]:
    bbox: list[float] = np.round(xywh_to_xyxy(np.array([box]))[0], 2).tolist()
    return bbox
