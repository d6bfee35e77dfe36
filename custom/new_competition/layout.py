"""Which annotation files and folders of images a data set has, and what made it so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from custom.errors import PodiumError
from custom.image_folders import ANNOTATION_FOLDERS, dataset_folder, part_of, part_of_file

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
NO_VAL = "none"
# Other tasks' files beside COCO's instances, and Podium's own folders.
_OTHER_TASKS = ("keypoints", "captions", "panoptic", "stuff", "submission", "predictions")
_OWN_FOLDERS = ("splits", "patches", "runs", "submissions", "reports", "configs")
_LISTED_AT_MOST = 5


@dataclass(frozen=True)
class Sources:
    """Where a data set's parts are.

    Attributes:
        root: The data set's folder.
        train: The annotations of the train images.
        val: Those of an organiser's val images; None where there are none.
        test: The list of the test images, or their folder; None where neither was found.
    """

    root: Path
    train: Path
    val: Path | None = None
    test: Path | None = None


def find_sources(train: Path, test: Path | None, val: str | None) -> Sources:
    """Return the files of a data set.

    Args:
        train: The annotations, or a folder that has them.
        test: The list of the test images, a folder that has it, or a folder of pictures; None to
            look for it in the data set.
        val: The same for val images, "none" to leave them out, None to look for them.

    Raises:
        PodiumError: If there is no annotation file, or there are several.
    """
    ann_file = _annotations(train, "train")
    root = dataset_folder(ann_file)
    root = root if train.is_absolute() else _like(root)
    if val == NO_VAL:
        val_file = None
    elif val is not None:
        val_file = _annotations(Path(val), "val")
    else:
        val_file = annotations_in(root, "val")
    return Sources(root, ann_file, val_file, _test(test, root))


def _like(root: Path) -> Path:
    """Return a path from the working directory where it lies below that."""
    here = Path.cwd()
    return root.relative_to(here) if root.is_relative_to(here) else root


def _annotations(path: Path, part: str) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise PodiumError(f"--{part} must be an annotation file or a folder, but {path} is not")
    if (found := annotations_in(path, part)) is None:
        raise PodiumError(
            f"{path} must hold a COCO annotation file of the {part} images, but none is named so "
            f"({', '.join(_names(path)) or 'it has no JSON file'}); name the file: --{part} FILE"
        )
    return found


def _names(folder: Path) -> list[str]:
    found = [path.relative_to(folder).as_posix() for path in _json_files(folder)]
    return found[:_LISTED_AT_MOST]


def annotations_in(folder: Path, part: str) -> Path | None:
    """Return the annotation file of a part in a data set's folder, or in the part's own one.

    A file is of a part by its name or its folder's: `instances_train2017.json`, `train.json`,
    `valid/_annotations.coco.json`. A single file of no part is the train images'.

    Raises:
        PodiumError: If several files are of the part.
    """
    files = [path for path in _json_files(folder) if not _is_of_another_task(path)]
    found = [path for path in files if part_of_file(path) == part]
    unnamed = [path for path in files if part_of_file(path) == ""]
    if not found and part == "train" and len(unnamed) == 1:
        return unnamed[0]
    if len(found) > 1:
        found = [path for path in found if path.stem.startswith("instances")] or found
    if len(found) > 1:
        raise PodiumError(
            f"{folder} must hold one annotation file of the {part} images, but "
            f"{', '.join(map(str, found[:_LISTED_AT_MOST]))} are named so; name one: --{part} FILE"
        )
    return found[0] if found else None


def _json_files(folder: Path) -> Iterator[Path]:
    """Yield the JSON files of a folder and of the folders in it."""
    yield from sorted(folder.glob("*.json"))
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inner.name not in _OWN_FOLDERS and not inner.name.startswith("."):
            yield from sorted(inner.glob("*.json"))


def _is_of_another_task(path: Path) -> bool:
    return any(word in path.stem.casefold() for word in _OTHER_TASKS)


def _test(named: Path | None, root: Path) -> Path | None:
    """Return the list of the test images or their folder."""
    if named is not None:
        if not named.exists():
            raise PodiumError(f"--test must be a list of images or a folder, but {named} is not")
        listed = named if named.is_file() else _only_list(named)
        return listed or named
    if (listed := annotations_in(root, "test")) is not None:
        return listed
    folders = [p for p in sorted(root.iterdir()) if p.is_dir() and part_of(p.name) == "test"]
    return folders[0] if len(folders) == 1 and any(pictures_in(folders[0])) else None


def _only_list(folder: Path) -> Path | None:
    """Return the list in a folder of test images, whatever its name, where there is one alone."""
    if (found := annotations_in(folder, "test")) is not None:
        return found
    files = [path for path in sorted(folder.glob("*.json")) if not _is_of_another_task(path)]
    return files[0] if len(files) == 1 else None


def pictures_in(folder: Path) -> Iterator[Path]:
    """Yield the pictures below a folder, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.casefold() in PICTURES and path.is_file():
            yield path


def layout_of(ann_file: Path, images: Path) -> str:
    """Return what lays a data set out as this one is, in words."""
    folder = ann_file.parent.name.casefold()
    if ann_file.name == "_annotations.coco.json":
        return "Roboflow's, a folder a part with _annotations.coco.json"
    if ann_file.name == "labels.json" and images.name == "data":
        return "FiftyOne's, data/ beside labels.json"
    if folder in ANNOTATION_FOLDERS:
        is_cvat = ann_file.stem == "instances_default" or "images" in (
            images.name,
            images.parent.name,
        )
        return f"{'CVAT' if is_cvat else 'COCO'}'s, {folder}/ beside {images.name}/"
    if images == ann_file.parent:
        return "file names that start beside the annotations"
    return f"all images in {images}"
