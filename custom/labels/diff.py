"""What a labelling tool or a person changed between two annotation files, as a patch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import TOLERANCE_PX, FloatArray, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike
from custom.labels.overlaps import pairwise_iou
from custom.labels.patch import ADD, MOVE, RELABEL, REMOVE, Box, Edit, rounded
from custom.splits.names import NameIndex
from custom.tables import Categories, GroundTruth
from custom.tables.coco import read_ground_truth

# A box that was moved still overlaps what it was; less is another box.
MOVED_IOU = 0.3
# More relabelled boxes than this, all in one consistent way, are shifted ids and no decisions.
SHIFTED_SHARE = 0.5
MIN_SHIFTED = 10


@dataclass(frozen=True)
class Diff:
    """Edits, and what they leave out.

    Attributes:
        edits: What turns the old file's boxes into the new one's, each once.
        repeated: How many more there would be: on exact copies of a box, which a patch cannot tell
            apart.
        missing: File names of the old file that the new one lacks: not touched.
        unknown: File names of the new file that the old one lacks: left out.
    """

    edits: list[Edit]
    repeated: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def diff_annotations(
    old_file: PathLike, new_file: PathLike, author: str = "", reason: str = ""
) -> Diff:
    """Compare two annotation files by file name and class name, whatever their ids are.

    Args:
        old_file: The file that the patch is for.
        new_file: What came back.
        author: For each edit.
        reason: For each edit.

    Raises:
        PodiumError: If the files have no image in common, the new file has classes that the old
            one lacks, or its classes are shifted: most boxes changed their class in one and the
            same way.
    """
    old, new = read_ground_truth(old_file), read_ground_truth(new_file)
    to_old = _labels_of(old.categories, new.categories, new.source)
    names = old.images.file_names
    index = NameIndex(names)
    edits: list[Edit] = []
    compared, unknown = set(), []
    for position, name in enumerate(new.images.file_names):
        if (at := index.find(name)) is None:
            unknown.append(name)
            continue
        compared.add(at)
        for change in _changes(old, at, new, position, to_old):
            edits.append(Edit(names[at], *change, author, reason))
    if not compared:
        raise PodiumError(
            f"{new.source} must have images of {old.source}, folders added or dropped, but none of "
            f"its file names is there: {next(iter(new.images.file_names), 'it has none')!r} beside "
            f"{next(iter(names), 'none')!r}"
        )
    _check_shift(edits, old, new)
    missing = tuple(name for i, name in enumerate(names) if i not in compared)
    unique = list(dict.fromkeys(edits))
    return Diff(unique, len(edits) - len(unique), missing, tuple(unknown))


def _labels_of(old: Categories, new: Categories, source: str) -> list[int]:
    """Return the old label of each new label, by class name."""
    position = {name: label for label, name in enumerate(old.names)}
    if foreign := [name for name in new.names if name not in position]:
        raise PodiumError(
            f"{source}: its classes must be among {list(old.names)}, but {foreign[0]!r} is not; "
            "were they renamed by the labelling tool?"
        )
    return [position[name] for name in new.names]


def _changes(
    old: GroundTruth, at: int, new: GroundTruth, position: int, to_old: Sequence[int]
) -> Iterator[tuple[str, str, Box, str | Box | None]]:
    """Yield edit, class, box and `to` for one image."""
    before, after = old.rows(at), new.rows(position)
    classes = old.categories.names
    old_labels = old.labels[before]
    new_labels = np.array([to_old[label] for label in new.labels[after].tolist()], np.int64)
    old_boxes = [rounded(box) for box in xyxy_to_xywh(old.bboxes[before])]
    new_boxes = [rounded(box) for box in xyxy_to_xywh(new.bboxes[after])]
    pairs = _pairs(old.bboxes[before], old_labels, new.bboxes[after], new_labels)
    for i, j in pairs:
        name, to = classes[old_labels[i]], classes[new_labels[j]]
        moved = np.abs(np.subtract(old_boxes[i], new_boxes[j])).max() > TOLERANCE_PX
        if moved and name != to:
            yield REMOVE, name, old_boxes[i], None
            yield ADD, to, new_boxes[j], None
        elif moved:
            yield MOVE, name, old_boxes[i], new_boxes[j]
        elif name != to:
            yield RELABEL, name, old_boxes[i], to
    paired_old, paired_new = {i for i, _ in pairs}, {j for _, j in pairs}
    for i in sorted(set(range(len(old_boxes))) - paired_old):
        yield REMOVE, classes[old_labels[i]], old_boxes[i], None
    for j in sorted(set(range(len(new_boxes))) - paired_new):
        yield ADD, classes[new_labels[j]], new_boxes[j], None


def _pairs(
    old: FloatArray, old_labels: np.ndarray, new: FloatArray, new_labels: np.ndarray
) -> list[tuple[int, int]]:
    """Return which old box became which new one: by place and class first, then by overlap."""
    if not len(old) or not len(new):
        return []
    overlaps = pairwise_iou(old, new)
    near = np.abs(old[:, None] - new[None]).max(axis=2) <= 2 * TOLERANCE_PX
    same = old_labels[:, None] == new_labels[None]
    worth = np.where(overlaps >= MOVED_IOU, overlaps, 0.0) + 2.0 * near + 1.0 * same
    worth[(overlaps < MOVED_IOU) & ~near] = 0.0
    pairs: list[tuple[int, int]] = []
    while worth.max() > 0:
        i, j = np.unravel_index(worth.argmax(), worth.shape)
        pairs.append((int(i), int(j)))
        worth[i], worth[:, j] = 0.0, 0.0
    return sorted(pairs)


def _check_shift(edits: Sequence[Edit], old: GroundTruth, new: GroundTruth) -> None:
    """Refuse a file whose classes were shifted on the way: that is no decision on boxes."""
    turned = Counter((e.category, e.to) for e in edits if e.edit == RELABEL)
    total = sum(turned.values())
    kinds = len({category for category, _ in turned})
    if total >= max(MIN_SHIFTED, SHIFTED_SHARE * min(old.num_boxes, new.num_boxes)):
        common = sum(count for _, count in turned.most_common(kinds))
        if common >= 0.9 * total:
            (name, to), _ = turned.most_common(1)[0]
            raise PodiumError(
                f"{new.source}: {total} of {new.num_boxes} boxes changed their class, {name} to "
                f"{to} and so on: its category ids seem to be shifted against its category names; "
                "export it again with the names that the ids had"
            )
