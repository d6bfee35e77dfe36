"""Refuse to train on val images of the same fold, under whatever name or id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike
from custom.splits.digests import content_digest
from custom.splits.split import Split
from custom.tables import Images


def assert_no_leak(
    split: Split,
    fold: int,
    train_file_names: Iterable[str],
    files: Mapping[str, PathLike] | None = None,
    source: str = "the training set",
) -> None:
    """Check that none of the images to train on is a val image of the fold.

    File names are compared, not ids: a cleaned or pseudo-labelled file may have renumbered.

    Args:
        split: The sealed split.
        fold: The fold that will evaluate the model.
        train_file_names: Of the images to train on, from any annotation file.
        files: For some of these names the path on disk; where the split knows the contents of
            its images, a val image under a name that it does not know is found too.
        source: What is trained on, for the message.

    Raises:
        PodiumError: If one of them is; the first are named.
    """
    val = set(split.val_positions(fold).tolist())
    found = {name: split.matches(name, "train") for name in train_file_names}
    leaking = [name for name, positions in found.items() if val.intersection(positions)]
    contents = {split.contents[position] for position in val} - {""}
    if files and contents:
        unknown = [name for name, positions in found.items() if not positions and name in files]
        leaking += [name for name in unknown if content_digest(files[name]) in contents]
    if leaking:
        raise PodiumError(
            f"{source} must not hold val images of fold {fold} of split {split.folder}, but holds "
            f"{len(leaking)}, the first is {leaking[0]}; train only on the fold's train images "
            "(`part='train'` of the dataset)"
        )


def assert_no_val_content(
    split: Split, fold: int, files: Mapping[str, PathLike], source: str
) -> None:
    """Check that none of the images of another data set is a val image of the fold.

    Another data set may have the same file names for other images, so that the files' contents
    decide. A split that was sealed without images knows nothing but names: those decide then.

    Args:
        split: The sealed split.
        fold: The fold that will judge the model.
        files: For each image's name its path.
        source: What is trained on, for the message.

    Raises:
        PodiumError: If one of them is; the first is named.
    """
    judged = {split.contents[index] for index in split.val_positions(fold).tolist()} - {""}
    if not judged:
        assert_no_leak(split, fold, files, source=source)
        return
    leaking = [name for name, path in files.items() if content_digest(path) in judged]
    if leaking:
        raise PodiumError(
            f"{source} must not hold val images of fold {fold} of split {split.folder}, but holds "
            f"{len(leaking)} by content, the first is {leaking[0]}; remove them from it"
        )


def select_part(split: Split, fold: int, part: str, images: Images) -> IntArray:
    """Return which images of an annotation file are the train or the val images of a fold.

    The file may be the sealed one or a cleaned or pseudo-labelled one, with other ids: images
    are found by file name. Images that the split does not know, as pseudo-labelled test images,
    are trained on in every fold.

    Args:
        split: The sealed split.
        fold: Its fold.
        part: "train" or "val".
        images: The images of the annotation file.

    Returns:
        Positions in `images`: ascending for train, in the split's order for val.

    Raises:
        PodiumError: If `part` is another word, two names mean the same image, or val images
            are missing from the file.
    """
    if part not in ("train", "val"):
        raise PodiumError(f"part must be 'train' or 'val', but is {part!r}")
    position_of = _position_by_sealed(split, images, part)
    val = split.val_positions(fold).tolist()
    if part == "val":
        missing = [split.images.file_names[i] for i in val if i not in position_of]
        if missing:
            raise PodiumError(
                f"{images.source} must hold all val images of fold {fold} of split "
                f"{split.folder}, but lacks {len(missing)}, the first is {missing[0]}"
                + (
                    "; name the organiser's val file by competition.val_ann"
                    if split.has_own_val_file
                    else ""
                )
            )
        return np.array([position_of[i] for i in val], np.int64)
    taken = {position_of[i] for i in val if i in position_of}
    return np.array([i for i in range(len(images)) if i not in taken], np.int64)


def _position_by_sealed(split: Split, images: Images, part: str) -> dict[int, int]:
    """Return the position in `images` of each sealed image that is there, by sealed position."""
    position_of: dict[int, int] = {}
    for index, name in enumerate(images.file_names):
        matches = split.matches(name, part)
        for sealed in matches:
            if sealed in position_of or len(matches) > 1:
                raise PodiumError(
                    f"{images.source}: every image must be one image of split {split.folder}, "
                    f"but {name} may be {split.images.file_names[sealed]} and another one is too; "
                    "keep the folders in the file names"
                )
            position_of[sealed] = index
    return position_of
