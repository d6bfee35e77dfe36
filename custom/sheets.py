"""Contact sheets as picture files, which tell that a command drew them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.files import PathLike, check_replaceable, read_bytes, write_bytes

# Behind a picture's end, where no decoder looks: what has it may be drawn anew.
_MARK = b"\npodium contact sheet\n"


def check_sheet(path: PathLike, overwrite: bool = False) -> None:
    """Refuse a name that is no picture's, or of a file that is no contact sheet.

    Raises:
        PodiumError: With the remedy.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise PodiumError(f"cannot write the sheet {path}; give a name that ends in .png or .jpg")
    check_replaceable([path], (), overwrite, _is_sheet, "name another file")


def write_sheet_file(path: PathLike, image: Any, overwrite: bool = False) -> None:
    """Write a BGR picture (H, W, 3), 8 bits, by the ending of its name, whole or not at all.

    Raises:
        PodiumError: As `check_sheet`, or if the file cannot be written.
    """
    import cv2

    check_sheet(path, overwrite)
    _, encoded = cv2.imencode(Path(path).suffix.lower(), image)
    write_bytes(path, encoded.tobytes() + _MARK)


def _is_sheet(path: Path) -> bool:
    return read_bytes(path).endswith(_MARK)
