"""Which image a name in a file of predictions means, where it is not the annotations' own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from custom.errors import PodiumError
from custom.files import PathLike
from custom.splits.names import NameIndex, match_by_stem, normalised
from custom.tables import Images


@dataclass(frozen=True)
class Meant:
    """What names mean.

    Attributes:
        index_of: By name the position of the image.
        notes: How names were read that are not the annotations' own, a sentence each.
    """

    index_of: dict[str, int]
    notes: list[str] = field(default_factory=list)


def meant_images(
    names: Iterable[str], images: Images, path: PathLike, must: str, by_stem: bool = False
) -> Meant:
    """Return the image that each name means.

    Taken are the file name, with folders added or dropped, and the file name without folder and
    extension; what labelling tools made of it only where that is asked for.

    Args:
        names: As the file of predictions has them.
        images: All images of the annotations.
        path: The file of predictions, for messages.
        must: What a name must do, for messages: "must name an image of fold 0".
        by_stem: Whether names that a labelling tool has changed are matched by `stem_of`.

    Raises:
        PodiumError: If a name means no image, or two mean the same one.
    """
    unique = list(dict.fromkeys(names))
    index_of = _plain(unique, images)
    rest = [name for name in unique if name not in index_of]
    taken = set(index_of.values())
    free = [name for i, name in enumerate(images.file_names) if i not in taken]
    renamed = match_by_stem(rest, free) if rest else {}
    if rest and not (by_stem and len(renamed) == len(rest)):
        raise PodiumError(f"{path}: {must}, but {_unknown(rest, renamed, by_stem)}")
    index_of |= {name: images.index_of_name[known] for name, known in renamed.items()}
    double = [index for index, count in Counter(index_of.values()).items() if count > 1]
    if double:
        both = [name for name, index in index_of.items() if index == double[0]]
        raise PodiumError(
            f"{path}: each name must mean another image, but {both[0]!r} and {both[1]!r} both mean "
            f"{images.file_names[double[0]]}"
        )
    return Meant(index_of, _notes(path, index_of, images, renamed))


def _plain(names: Sequence[str], images: Images) -> dict[str, int]:
    """Return the images of names with folders added or dropped, or without the extension."""
    index = NameIndex(images.file_names)
    stems: dict[str, list[int]] = {}
    for position, name in enumerate(images.file_names):
        stems.setdefault(PurePosixPath(normalised(name)).stem, []).append(position)
    found = {}
    for name in names:
        same = stems.get(normalised(name), [])
        if (at := index.find(name)) is not None:
            found[name] = at
        elif len(same) == 1:
            found[name] = same[0]
    return found


def _unknown(rest: Sequence[str], renamed: dict[str, str], by_stem: bool) -> str:
    offer = ""
    if renamed and not by_stem:
        name, known = next(iter(renamed.items()))
        offer = (
            f"; {len(renamed)} of them fit by their stems, without what labelling tools add "
            f"({name} is {known}): match them with --match stem"
        )
    strange = next((name for name in rest if name not in renamed), rest[0])
    return f"{strange!r} does not ({len(rest)} such){offer}"


def _notes(
    path: PathLike, index_of: dict[str, int], images: Images, renamed: dict[str, str]
) -> list[str]:
    """Say how many names were read otherwise than as they stand, and the first of them."""
    others = {
        name: images.file_names[index]
        for name, index in index_of.items()
        if name != images.file_names[index] and name not in renamed
    }
    told = ((others, "without folder or extension, or with another"), (renamed, "by their stems"))
    return [
        f"{path}: {len(found)} images were matched {how}: {name} is {known}"
        for found, how in told
        for name, known in list(found.items())[:1]
    ]
