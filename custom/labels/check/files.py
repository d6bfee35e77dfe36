"""Pictures against their entries: by size, by content, by assignments that stand twice."""

from __future__ import annotations

from collections.abc import Sequence

from custom.labels.check.mismatch import CONTENT, DUPLICATE, SIZE, Mismatch
from custom.splits.digests import label_digests
from custom.splits.headers import Header, size_fault
from custom.splits.split import Split
from custom.tables import GroundTruth


def wrong_sizes(gt: GroundTruth, headers: Sequence[Header]) -> list[Mismatch]:
    """Return the images whose file is of another size than annotated."""
    sizes = gt.images.sizes_hw.tolist()
    return [
        Mismatch(SIZE, index, f"is {fault}")
        for index, (header, (height, width)) in enumerate(zip(headers, sizes, strict=True))
        if (fault := size_fault(header, (height, width)))
    ]


def other_contents(gt: GroundTruth, contents: Sequence[str], split: Split) -> list[Mismatch]:
    """Return the images whose file is another one than when the split was sealed."""
    position_of = {digest: at for at, digest in enumerate(split.contents) if digest}
    index_of = gt.images.index_of_name
    found = []
    for index, name in enumerate(gt.images.file_names):
        sealed = split.name_index.find(name)
        if (
            sealed is None
            or not split.contents[sealed]
            or split.contents[sealed] == contents[index]
        ):
            continue
        owner = position_of.get(contents[index])
        owner_name = None if owner is None else split.images.file_names[owner]
        detail = f"has the content of {owner_name}" if owner_name else "has an unknown content"
        found.append(Mismatch(CONTENT, index, detail, index_of.get(owner_name or "")))
    return found


def assigned_twice(gt: GroundTruth, contents: Sequence[str]) -> list[Mismatch]:
    """Return the images that are the same picture as another image, but are annotated otherwise."""
    labels = label_digests(gt)
    holders: dict[str, list[int]] = {}
    for index, digest in enumerate(contents):
        holders.setdefault(digest, []).append(index)
    names = gt.images.file_names
    return [
        Mismatch(DUPLICATE, index, f"is the same picture as {names[other]}", other)
        for digest, same in holders.items()
        if digest and len({labels[index] for index in same}) > 1
        for index in same
        for other in [next(each for each in same if each != index)]
    ]
