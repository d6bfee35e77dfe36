"""What a labelling tool or a person changed between two annotation files, as a patch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from custom.boxes import TOLERANCE_PX, FloatArray, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike
from custom.labels.overlaps import pairwise_iou
from custom.labels.patch import ADD, MOVE, RELABEL, REMOVE, Box, Edit, rounded
from custom.splits.names import NameIndex, match_by_stem
from custom.tables import Categories, GroundTruth, Images
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
        renamed: File names of the new file that were matched by their stems, and what they mean.
    """

    edits: list[Edit]
    repeated: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)


def diff_annotations(
    old_file: PathLike,
    new_file: PathLike,
    author: str = "",
    reason: str = "",
    by_stem: bool = False,
    scale: bool = False,
) -> Diff:
    """Compare two annotation files by file name and class name, whatever their ids are.

    Args:
        old_file: The file that the patch is for.
        new_file: What came back.
        author: For each edit.
        reason: For each edit.
        by_stem: Whether names that a labelling tool has changed are matched by `stem_of`.
        scale: Whether boxes on resized copies of the images are scaled back.

    Raises:
        PodiumError: If the files have no image in common, images are of other sizes, the new file
            has classes that the old one lacks, or its classes are shifted: most boxes changed
            their class in one and the same way.
    """
    old, new = read_ground_truth(old_file), read_ground_truth(new_file)
    to_old = _labels_of(old.categories, new.categories, new.source)
    names = old.images.file_names
    found, renamed = _match(old.images, new.images, by_stem)
    new, tolerances = _at_old_size(old, new, found, scale)
    edits = [
        Edit(names[at], *change, author, reason)
        for position, at in found.items()
        for change in _changes(old, at, new, position, to_old, tolerances[position])
    ]
    _check_shift(edits, old, new)
    compared = set(found.values())
    missing = tuple(name for i, name in enumerate(names) if i not in compared)
    unknown = tuple(name for i, name in enumerate(new.images.file_names) if i not in found)
    unique = list(dict.fromkeys(edits))
    return Diff(unique, len(edits) - len(unique), missing, unknown, renamed)


def _match(old: Images, new: Images, by_stem: bool) -> tuple[dict[int, int], dict[str, str]]:
    """Return the old image's index by the new one's, and what was matched by its stem."""
    index = NameIndex(old.file_names)
    found = {
        position: at
        for position, name in enumerate(new.file_names)
        if (at := index.find(name)) is not None
    }
    compared = set(found.values())
    renamed = match_by_stem(
        (name for i, name in enumerate(new.file_names) if i not in found),
        (name for i, name in enumerate(old.file_names) if i not in compared),
    )
    if by_stem:
        found |= {new.index_of_name[one]: old.index_of_name[two] for one, two in renamed.items()}
    if not found:
        offer = (
            f"; {len(renamed)} of {len(new)} fit by their stems, without what labelling tools add: "
            "match them with --match stem"
            if renamed
            else ""
        )
        raise PodiumError(
            f"{new.source} must have images of {old.source}, folders added or dropped, but none of "
            f"its file names is there: {next(iter(new.file_names), 'it has none')!r} beside "
            f"{next(iter(old.file_names), 'none')!r}{offer}"
        )
    return dict(sorted(found.items())), renamed if by_stem else {}


def _at_old_size(
    old: GroundTruth, new: GroundTruth, found: Mapping[int, int], scale: bool
) -> tuple[GroundTruth, FloatArray]:
    """Return the new boxes in the pixels of the old images, and what rounding is on each.

    Other sizes are refused without `scale`.
    """
    sizes_hw = new.images.sizes_hw.copy()
    sizes_hw[list(found)] = old.images.sizes_hw[list(found.values())]
    other = (sizes_hw != new.images.sizes_hw).any(axis=1)
    if other.any() and not scale:
        at = int(np.argmax(other))
        raise PodiumError(
            f"{new.source}: images must have the sizes that they have in {old.source}, but "
            f"{new.images.file_names[at]} is {new.images.sizes_hw[at].tolist()} (height, width) "
            f"and there {sizes_hw[at].tolist()} ({int(other.sum())} such images); if the tool "
            "exported resized copies, scale the boxes back with --scale"
        )
    factors = sizes_hw / new.images.sizes_hw
    scaled = new.bboxes * factors[new.image_index][:, [1, 0, 1, 0]]
    return replace(new, bboxes=scaled), TOLERANCE_PX * np.maximum(factors.max(axis=1), 1.0)


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
    old: GroundTruth,
    at: int,
    new: GroundTruth,
    position: int,
    to_old: Sequence[int],
    tolerance: float,
) -> Iterator[tuple[str, str, Box, str | Box | None]]:
    """Yield edit, class, box and `to` for one image."""
    before, after = old.rows(at), new.rows(position)
    classes = old.categories.names
    old_labels = old.labels[before]
    new_labels = np.array([to_old[label] for label in new.labels[after].tolist()], np.int64)
    old_boxes = [rounded(box) for box in xyxy_to_xywh(old.bboxes[before])]
    new_boxes = [rounded(box) for box in xyxy_to_xywh(new.bboxes[after])]
    pairs = _pairs(old.bboxes[before], old_labels, new.bboxes[after], new_labels, tolerance)
    for i, j in pairs:
        name, to = classes[old_labels[i]], classes[new_labels[j]]
        moved = np.abs(np.subtract(old_boxes[i], new_boxes[j])).max() > tolerance
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
    old: FloatArray,
    old_labels: np.ndarray,
    new: FloatArray,
    new_labels: np.ndarray,
    tolerance: float,
) -> list[tuple[int, int]]:
    """Return which old box became which new one: by place and class first, then by overlap."""
    if not len(old) or not len(new):
        return []
    overlaps = pairwise_iou(old, new)
    near = np.abs(old[:, None] - new[None]).max(axis=2) <= 2 * tolerance
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
