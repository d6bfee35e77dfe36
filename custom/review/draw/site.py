"""The folder that a browser opens: pages from templates, data as scripts, assets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import numpy as np
import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from custom.errors import PodiumError
from custom.file_sets import replace_folder
from custom.files import PathLike, read_json, remove_stale, write_json
from custom.review.draw.text import FILTERS, FUNCTIONS

TEMPLATES = Path(__file__).parent / "templates"
# Its presence says that a folder is a review, which a newer one may replace.
MARKER = "review.json"
# What would end a script, or a line of one, inside a string.
# A name with half a character in it, which no encoding holds, is shown as its escape.
_ESCAPED = "backslashreplace"
_ESCAPES = {"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Entry(NamedTuple):
    """One page in the navigation."""

    title: str
    file: str


class Site:
    """Writes the files of a review.

    A page opened from disk may neither fetch files nor load modules, so data are scripts that
    assign to `window`.

    Attributes:
        folder: Where everything goes; it gets its final name when all is there.
        cache: What outlives a review, such as thumbnails; None to keep nothing.
    """

    def __init__(
        self, folder: PathLike, title: str, pages: Sequence[Entry], cache: Path | None = None
    ) -> None:
        self.folder, self.cache = Path(folder), cache
        self._environment = Environment(
            loader=PackageLoader("custom.review.draw"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(FILTERS)
        self._environment.globals.update(FUNCTIONS)
        self._environment.globals.update(review_title=title, pages=tuple(pages))

    def write_page(self, file_name: str, template: str, title: str, **values: Any) -> None:
        """Write one page.

        Args:
            file_name: In the folder; a page of the navigation is marked there.
            template: A file of `templates/` that extends `base.html`.
            title: Of the page.
            **values: What the template shows, escaped; an unknown name in it is an error.
        """
        template_ = self._environment.get_template(template)
        text = template_.render(title=title, here=file_name, **values)
        self._path(file_name).write_text(text, "utf-8", _ESCAPED)

    def write_data(self, file_name: str, variable: str, value: Any) -> None:
        """Write a script that assigns JSON to `window.<variable>`.

        Args:
            file_name: In the folder, such as `data/classes.js`; its folder is made.
            variable: A name of letters, digits and underscores.
            value: What orjson can write; numpy arrays become lists, NaN becomes null.
        """
        if not variable.isidentifier():
            raise PodiumError(f"variable must be a name in a script, but is {variable!r}")
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        text = orjson.dumps(value, default=_as_list, option=options).decode()
        for character, escape in _ESCAPES.items():
            text = text.replace(character, escape)
        self._path(file_name).write_text(f"window.{variable} = {text};\n", encoding="utf-8")

    def copy_asset(self, name: str) -> None:
        """Copy a file of `templates/` into the folder, under its own name."""
        shutil.copyfile(TEMPLATES / name, self._path(name))

    def _path(self, file_name: str) -> Path:
        path = self.folder / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _as_list(value: Any) -> Any:
    """Return an array that is not in one piece as a list, for orjson."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@contextmanager
def staged(out: PathLike, facts: dict[str, Any]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `out` when the block succeeds.

    An older review there is replaced; anything else is left alone, and refused.

    Args:
        out: The folder of the review.
        facts: What its marker file says.

    Raises:
        PodiumError: If `out` holds something else than a review, or cannot be written.
    """
    out = Path(out)
    check_replaceable(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(out.parent)
        work = Path(mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent))
    except OSError as error:
        raise PodiumError(f"cannot write {out}: {error.strerror or error}") from error
    try:
        new = work / "new"
        new.mkdir()
        yield new
        write_json(new / MARKER, {**facts, "holds": sorted(each.name for each in new.iterdir())})
        replace_folder(new, out)
    except OSError as error:
        raise PodiumError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_replaceable(out: PathLike) -> None:
    """Refuse a folder that a review may not replace.

    Raises:
        PodiumError: If there is a file, or a folder with other content than a review.
    """
    out = Path(out)
    if not out.exists():
        return
    if not out.is_dir():
        raise PodiumError(f"{out} must be a folder for the review, but is a file")
    there = {each.name for each in out.iterdir()} - {MARKER}
    others = sorted(there - _written_into(out))
    if others:
        raise PodiumError(
            f"{out} must be empty or an older review, but has other content, as {others[0]}; move "
            "that away, or name another folder with --out"
        )


def _written_into(out: Path) -> set[str]:
    """Return the names in a folder that an earlier review wrote."""
    if not (out / MARKER).is_file():
        return set()
    content = read_json(out / MARKER)
    names = content.get("holds") if isinstance(content, dict) else None
    # Reviews from before this was noted.
    return set(map(str, names)) if isinstance(names, list) else set(os.listdir(out))
