"""One image whose annotations seem to belong to another picture."""

from __future__ import annotations

from dataclasses import dataclass

SIZE, CONTENT, DUPLICATE, NEIGHBOURS, MOTION = (
    "size",
    "content",
    "duplicate",
    "neighbours",
    "motion",
)
KINDS = {
    SIZE: "files of another size than annotated",
    CONTENT: "files with another content than when the split was sealed",
    DUPLICATE: "pictures that are assigned more than once and annotated differently",
    NEIGHBOURS: "frames that look unlike their neighbours and like another video",
    MOTION: "frames of videos whose boxes do not lie where something moves",
}


@dataclass(frozen=True)
class Mismatch:
    """An image whose annotations seem to belong to another picture.

    Attributes:
        kind: A key of `KINDS`.
        image: Position of the image.
        detail: What speaks for it.
        belongs_to: Position of an image that the picture seems to belong to; None if unknown.
    """

    kind: str
    image: int
    detail: str
    belongs_to: int | None = None
