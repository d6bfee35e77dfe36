"""Are annotations and images on disk still what was sealed, and which are not?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.image_files import find_images
from custom.splits.balance import cut_groups
from custom.splits.digests import categories_of, content_digest, label_digests
from custom.splits.names import images_folder
from custom.splits.split import MANIFEST, Split, read_split
from custom.splits.two_files import join_files
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Difference:
    """Something that is not as sealed.

    Attributes:
        what: A sentence without the items.
        items: File names concerned, or nothing.
        harmless: Whether every fold still validates the same images with the same boxes.
    """

    what: str
    items: tuple[str, ...] = ()
    harmless: bool = False

    def __str__(self) -> str:
        named = ", ".join(self.items[:NAMED_AT_MOST])
        more = len(self.items) - NAMED_AT_MOST
        return (
            self.what + (f": {named}" if named else "") + (f" and {more} more" if more > 0 else "")
        )


def find_annotations(split: Split, part: str = "train") -> Path:
    """Return the sealed annotation file as it lies in `data/<competition>/`.

    Args:
        split: The split.
        part: "val" for the val file of an organiser, where there is one.

    Raises:
        PodiumError: If it is not there.
    """
    sealed = split.manifest["annotations"]
    sealed = sealed.get("val", sealed) if part == "val" else sealed
    path = split.folder.resolve().parent.parent / sealed.get("path", sealed["file"])
    if not path.is_file():
        raise PodiumError(
            f"the annotations of split {split.folder} must be at {path}, but are not; "
            "name the file: split.py <train.json> --check <split>"
        )
    return path


def find_splits(folder: Path) -> list[Path]:
    """Return the folders of all sealed splits below a folder, which may be one itself."""
    return sorted(manifest.parent for manifest in folder.rglob(MANIFEST))


def check_split(
    folder: Path, ann_file: Path | None = None, images_dir: Path | None = None
) -> list[Difference]:
    """Compare annotations, and image files where there are any, with a sealed split.

    Args:
        folder: The split.
        ann_file: The annotations to compare; None for the sealed file where it should lie.
            May be a cleaned or pseudo-labelled file: images are found by name.
        images_dir: Where file names start from; None: beside the annotations, if any are there.

    Returns:
        What differs, harmless first, and where external folds leak; nothing where all is as sealed.
    """
    split = read_split(folder)
    path = ann_file or find_annotations(split)
    sealed = split.manifest["annotations"]
    if split.has_own_val_file:
        val_path = find_annotations(split, "val")
        two = join_files(read_ground_truth(path), read_ground_truth(val_path))
        is_same = sha256_of(val_path) == sealed["val"]["sha256"]
        gt, paths = two.gt, two.paths(images_dir, images_dir)
        files = None if paths is None else dict(zip(gt.images.file_names, paths, strict=True))
    else:
        gt, is_same = read_ground_truth(path), True
        files = _files_of(split, images_folder(path, split.images, images_dir))
    if is_same and sha256_of(path) == sealed["sha256"]:
        found = []
    else:
        found = _compare(split, gt)
        found = found or [Difference("the file was rewritten with the same content", (), True)]
    names = split.images.file_names
    found += [Difference(leak) for leak in cut_groups(split.folds, split.groups, names)]
    found += _compare_contents(split, files)
    return sorted(found, key=lambda difference: not difference.harmless)


def _files_of(split: Split, folder: Path | None) -> dict[str, Path] | None:
    """Return the file of each sealed image by name, or None where no images are."""
    if folder is None:
        return None
    names = split.images.file_names
    return dict(zip(names, find_images(folder, names).paths, strict=True))


def changed_val_images(split: Split, fold: int, gt: GroundTruth) -> tuple[str, ...]:
    """Return which val images of a fold have other boxes in `gt` than when they were sealed.

    A model that is evaluated on `gt` is then not comparable with one that was evaluated on the
    sealed boxes. Images that `gt` lacks are not among them.
    """
    digests = label_digests(gt)
    val = set(split.val_positions(fold).tolist())
    changed = []
    for index, name in enumerate(gt.images.file_names):
        sealed = split.find(name, "val")
        if sealed is None or sealed not in val:
            continue
        if split.labels[sealed] != digests[index]:
            changed.append(split.images.file_names[sealed])
    return tuple(changed)


def _compare(split: Split, gt: GroundTruth) -> list[Difference]:
    """Compare annotations of other bytes with what was sealed."""
    names, images = split.images.file_names, gt.images
    at = {
        sealed: index
        for index, name in enumerate(images.file_names)
        if (sealed := split.name_index.find(name)) is not None
    }
    pairs = sorted(at.items())
    known = set(at.values())
    digests = label_digests(gt)
    missing = [name for i, name in enumerate(names) if i not in at]
    added = [name for i, name in enumerate(images.file_names) if i not in known]
    renumbered = [names[s] for s, i in pairs if split.images.ids[s] != images.ids[i]]
    resized = [
        names[s]
        for s, i in pairs
        if not np.array_equal(split.images.sizes_hw[s], images.sizes_hw[i])
    ]
    candidates = [
        Difference("images that were sealed are missing", tuple(missing)),
        Difference("images were added; they are trained on in every fold", tuple(added), True),
        Difference("images have other ids; they are found by file name", tuple(renumbered), True),
        Difference("images have another size", tuple(resized)),
        *_relabelled(split, [names[s] for s, i in pairs if split.labels[s] != digests[i]]),
    ]
    found = [difference for difference in candidates if difference.items]
    return found + _compare_categories(split, gt)


def _relabelled(split: Split, names: Sequence[str]) -> list[Difference]:
    """Say which images have other boxes, fold by fold, since it changes what a fold measures."""
    changed = set(names)
    found = []
    for fold in range(split.num_folds):
        members = tuple(name for name in split.val_file_names(fold) if name in changed)
        what = f"val images of fold {fold} have other boxes: score runs under both label sets"
        found.append(Difference(what, members))
    return found


def _compare_categories(split: Split, gt: GroundTruth) -> list[Difference]:
    sealed, now = split.manifest["annotations"]["categories"], categories_of(gt.categories)
    if sealed == now:
        return []
    before, after = ([str(entry["name"]) for entry in entries] for entries in (sealed, now))
    if before == after:
        return [Difference("the same classes have other category ids", tuple(after), True)]
    return [Difference(f"the classes must be {before}, but are {after}")]


def _compare_contents(split: Split, files: Mapping[str, Path] | None) -> list[Difference]:
    """Compare image files with what was sealed; a file that now has another name is named.

    Args:
        split: The split.
        files: By sealed name where each image should lie; None where no images are.
    """
    if not any(split.contents):
        unknown = "no image files were there when the split was sealed: their content is unknown"
        return [] if files is None else [Difference(unknown, (), True)]
    if files is None:
        absent = "there are no image files beside the annotations: their content is not compared"
        return [Difference(absent, (), True)]
    sealed_name = dict(zip(split.contents, split.images.file_names, strict=True))
    missing, changed, moved, where = [], [], [], ""
    for name, content in zip(split.images.file_names, split.contents, strict=True):
        path = files.get(name)
        if path is None or not path.is_file():
            missing.append(name)
            where = where or str(path.parent if path else "the annotations")
            continue
        digest = content_digest(path)
        if digest == content:
            continue
        if digest in sealed_name:
            moved.append(f"{name} (holds what was {sealed_name[digest]})")
        else:
            changed.append(name)
    candidates = [
        Difference(f"image files are missing in {where}", tuple(missing)),
        Difference("image files have changed content", tuple(changed)),
        Difference("annotations are matched to the wrong image file", tuple(moved)),
    ]
    return [difference for difference in candidates if difference.items]
