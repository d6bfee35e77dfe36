"""A page that shows the groups of near-duplicate images, for a person to check them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader
from PIL import Image

from custom.depth import to_8_bit
from custom.files import PathLike, read_bytes, write_text
from custom.image_files import read_image_bytes
from custom.splits.seal import Draft

THUMB_WH = (160, 160)
# A group's thumbnails take about 10 kB: the page stays below a few megabytes.
GROUPS_SHOWN = 300


def write_duplicates_report(
    draft: Draft, paths: Sequence[Path], path: PathLike, title: str
) -> None:
    """Write one self-contained HTML file with the near-duplicate groups of a split.

    Args:
        draft: The split.
        paths: The file of each image.
        path: The HTML file.
        title: What was split.
    """
    groups = sorted(draft.duplicates, key=lambda members: (-len(members), int(members[0])))
    hidden = max(len(groups) - GROUPS_SHOWN, 0)
    fold_of = _fold_of_image(draft)
    names = draft.gt.images.file_names
    shown = [
        [
            {"name": names[i], "fold": fold_of.get(i), "thumb": _thumb(paths[i])}
            for i in members.tolist()
        ]
        for members in groups[: len(groups) - hidden]
    ]
    environment = Environment(loader=PackageLoader("custom.splits"), autoescape=True)
    page = environment.get_template("duplicates.html").render(
        title=title,
        groups=shown + [[]] * hidden,
        hidden=hidden,
        images=int(sum(len(members) for members in groups)),
        total=len(names),
    )
    write_text(path, page)


def is_report(path: Path) -> bool:
    """Whether a file is such a page."""
    return b"<title>Near-duplicates: " in read_bytes(path)[:400]


def _fold_of_image(draft: Draft) -> dict[int, int]:
    """Return the fold that validates an image, by position."""
    return {
        int(position): fold
        for fold, positions in enumerate(draft.folds)
        for position in np.asarray(positions)
    }


def _thumb(path: Path) -> str:
    """Return a small JPEG of an image file, base64."""
    with Image.open(io.BytesIO(read_image_bytes(path))) as image:
        image.draft("RGB", THUMB_WH)
        small = to_8_bit(image).convert("RGB")
    small.thumbnail(THUMB_WH)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=80)
    return base64.b64encode(stream.getvalue()).decode()
