"""Which folder the file names of an annotation file start from: said in a config, or looked for."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.files import PathLike, real_path

# Folders that hold annotation files, with the images' folders beside them.
ANNOTATION_FOLDERS = ("annotations", "annotation", "labels", "ann", "anns", "json")
# What data sets call their parts.
_WORDS = {
    "train": "train", "training": "train", "trainset": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "testset": "test",
}  # fmt: skip
_SAMPLED = 32
_FOLDERS_AT_MOST = 2000


def images_of(competition: Mapping[str, Any], part: str) -> str:
    """Return the folder of a part's images: a path from `data_root`, or absolute; "" is itself.

    Args:
        competition: The facts of a config.
        part: "train", "val" or "test". Val images lie where the train images do unless
            `val_images` says otherwise.
    """
    folder = competition.get(f"{part}_images")
    if folder is None and part == "val":
        folder = competition.get("train_images")
    return folder or ""


def images_folder_of(competition: Mapping[str, Any], part: str) -> Path:
    """Return the path that the file names of a part start from."""
    return Path(competition["data_root"], images_of(competition, part))


def add_image_options(parser: ArgumentParser, parts: Sequence[str]) -> None:
    """Add `--train-images` and so on, which say what a config says in `competition`."""
    for part in parts:
        parser.add_argument(
            f"--{part}-images", metavar="DIR",
            help=f"folder of the {part} images, from --data-root (competition.{part}_images)",
        )  # fmt: skip


def images_given(args: Namespace) -> dict[str, str]:
    """Return the folders that these options name, as keys of `competition`."""
    keys = [f"{part}_images" for part in ("train", "val", "test")]
    return {key: value for key in keys if (value := getattr(args, key, None)) is not None}


def part_of(name: str) -> str:
    """Return the part that a file or folder is named for: "train", "val", "test" or "".

    Example:
        >>> part_of("instances_train2017"), part_of("valid"), part_of("labels")
        ('train', 'val', '')
    """
    found = {_WORDS[word] for word in re.split(r"[^a-z]+", name.casefold()) if word in _WORDS}
    return found.pop() if len(found) == 1 else ""


def part_of_file(ann_file: PathLike) -> str:
    """Return the part that an annotation file is of, by its own name or else its folder's."""
    path = Path(ann_file)
    return part_of(path.stem) or _part_of_folder(real_path(path).parent)


def _part_of_folder(folder: Path) -> str:
    """Return the part whose own folder this is: named so alone, as `valid` or `train2017`."""
    return _WORDS.get(folder.name.casefold().rstrip("0123456789_-"), "")


def dataset_folder(ann_file: PathLike) -> Path:
    """Return the folder of the data set that an annotation file lies in.

    That is the file's own folder, or the one above where its own is one of annotations or of a
    part, as in the layouts of COCO (`annotations/`) and Roboflow (`train/`).
    """
    folder = real_path(ann_file).parent
    inner = folder.name.casefold() in ANNOTATION_FOLDERS or _part_of_folder(folder)
    return folder.parent if inner and folder.parent.name else folder


def find_images_folder(ann_file: PathLike, file_names: Sequence[str]) -> Path | None:
    """Return the folder below which most images are found by their names, or None.

    Looked at are the folder of the annotations, those inside of it, and where annotations have a
    folder of their own, those beside it.

    Raises:
        PodiumError: If several folders have equally many, none of them named as the file is.
    """
    step = max(1, len(file_names) // _SAMPLED)
    sampled = file_names[::step]
    counts = {
        folder: sum((folder / name).is_file() for name in sampled)
        for folder in _candidates(Path(ann_file))
    }
    most = max(counts.values(), default=0)
    best = [folder for folder, count in counts.items() if count == most]
    if most == 0:
        return None
    if len(best) > 1:
        best = _named_alike(Path(ann_file), best)
    if len(best) > 1:
        raise PodiumError(
            f"{ann_file}: its images may be those of {', '.join(map(str, best))}; name the folder "
            "that its file names start from with --images"
        )
    return best[0]


def _candidates(ann_file: Path) -> Iterator[Path]:
    """Yield folders that images may start from, the annotations' own first."""
    tops = [ann_file.parent]
    if real_path(ann_file).parent.name.casefold() in ANNOTATION_FOLDERS:
        tops.append(ann_file.parent.parent if ann_file.parent.name else Path(".."))
    seen = 0
    for top in tops:
        for folder in (top, *_below(top, 2)):
            yield folder
            seen += 1
            if seen >= _FOLDERS_AT_MOST:
                return


def _below(folder: Path, levels: int) -> Iterator[Path]:
    try:
        inner = sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError:
        return
    for each in inner:
        if not each.name.startswith("."):
            yield each
            if levels > 1:
                yield from _below(each, levels - 1)


def _named_alike(ann_file: Path, folders: Sequence[Path]) -> list[Path]:
    """Return the folders that are named as the file is, or as its part; all where none is."""
    part = part_of_file(ann_file)
    rules = (
        lambda folder: folder == ann_file.parent,
        lambda folder: folder.name.casefold() in ann_file.stem.casefold(),
        lambda folder: part != "" and part_of(folder.name) == part,
    )
    for rule in rules:
        if found := [folder for folder in folders if rule(folder)]:
            return found
    return list(folders)
