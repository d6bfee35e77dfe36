"""Repair an annotation file by named repairs, into another file, with a log of each change."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from custom.errors import PodiumError
from custom.file_sets import complete, together
from custom.files import PathLike, read_bytes, read_json, write_json, write_text
from custom.labels.repairs import READINGS, REPAIRS, Change, Content, Options
from custom.tables.coco import ground_truth_of, read_ground_truth

SHOWN_AT_MOST = 3
MAX_REPAIRED = 0.02
_TOUCHES_BOXES = ("clip", "drop-empty", "drop-orphans")


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with an annotation file, and what repairs would change.

    Attributes:
        error: Why it cannot be read; "" where it can.
        changes: Of each repair that would change something, in order, one after the other.
        remaining: Why it cannot be read after all of them; "" where it can.
        hints: Options with a value that would help.
    """

    error: str
    changes: dict[str, list[Change]]
    remaining: str
    hints: tuple[str, ...] = ()


def diagnose(ann_file: PathLike, options: Options) -> Diagnosis:
    """Make every repair on a copy and return what each changed; nothing is written."""
    content = read_lenient(ann_file)
    error = ""
    try:
        read_ground_truth(ann_file)
    except PodiumError as refused:
        error = str(refused).partition("; `python tools/labels.py repair")[0]
    changes = {name: list(change(content, options)) for name, change in REPAIRS.items()}
    made = {name: each for name, each in changes.items() if each}
    remaining = _error_of(content, ann_file)
    hints = tuple(_hints(ann_file, options)) if error else ()
    return Diagnosis(error, made, remaining, hints)


def _check_extent(
    ann_file: PathLike,
    changes: Sequence[Change],
    num_boxes: int,
    options: Options,
    max_repaired: float | None,
) -> None:
    """Refuse repairs of so many boxes that they would hide another error."""
    for name in _TOUCHES_BOXES:
        touched = sum(change.repair == name for change in changes)
        allowed = MAX_REPAIRED if max_repaired is None else max_repaired
        if touched > allowed * num_boxes:
            raise PodiumError(
                f"{ann_file}: --{name} would change {touched} of {num_boxes} boxes, more than "
                f"{allowed:.0%}: are the boxes written in another way (--read-as)? Allow it with "
                f"--max-repaired {touched / num_boxes:.3f}"
            )
        if touched and max_repaired is None and (reading := _other_reading(ann_file, options)):
            raise PodiumError(
                f"{ann_file}: --{name} would change {touched} of {num_boxes} boxes, but all fit "
                f"their images with --read-as {reading}; look at some, and choose one of the two "
                f"(--max-repaired {touched / num_boxes:.3f} allows --{name})"
            )


def _other_reading(ann_file: PathLike, options: Options) -> str:
    """Return a reading of the boxes under which the file is valid; "" where there is none."""
    for name in READINGS if options.read_as is None else ():
        tried = read_lenient(ann_file)
        list(REPAIRS["read-as"](tried, Options(read_as=name)))
        if not _error_of(tried, ann_file):
            return name
    return ""


def _hints(ann_file: PathLike, options: Options) -> Iterator[str]:
    """Yield the options with a value that would help."""
    content = read_lenient(ann_file)
    if not content["categories"] and options.categories_from is None:
        yield "--categories-from TRAIN.json"
    if options.sizes_from is None and any(not image.get("height") for image in content["images"]):
        yield "--sizes-from FOLDER_OF_IMAGES"
    if _error_of(content, ann_file) and (reading := _other_reading(ann_file, options)):
        yield f"--read-as {reading}"


def repair(
    ann_file: PathLike,
    names: Collection[str],
    out: PathLike,
    options: Options,
    max_repaired: float | None = None,
) -> list[Change]:
    """Write `ann_file` with the named repairs made to `out`, and a log of the changes beside it.

    Args:
        ann_file: A COCO annotation file; it stays as it is.
        names: Keys of `REPAIRS`.
        out: Another file. `out` with `.repairs.jsonl` for its suffix is the log.
        options: What some of the repairs need.
        max_repaired: The largest share of the boxes that repairs may clip or drop. None: 2%, and
            none where another reading of the boxes fits all of them, since where more are wrong
            something else is wrong.

    Returns:
        The changes, in the order in which they were made.

    Raises:
        PodiumError: If `out` exists, too many boxes would be changed, or the file is not valid
            after the repairs. Nothing is written then.
    """
    out = Path(out)
    log = out.with_suffix(".repairs.jsonl")
    complete(out.parent)
    for path in (out, log):
        if path.exists():
            raise PodiumError(f"{path} must be a new file, but exists; give --out another name")
    content = read_lenient(ann_file)
    num_boxes = len(content["annotations"])
    changes = [
        change for name in REPAIRS if name in names for change in REPAIRS[name](content, options)
    ]
    _check_extent(ann_file, changes, num_boxes, options, max_repaired)
    if error := _error_of(content, ann_file):
        raise PodiumError(f"the repairs must leave {ann_file} valid, but: {error}")
    with together(out.parent, out.stem) as new:
        lines = (json.dumps(asdict(change)) + "\n" for change in changes)
        write_text(new / log.name, "".join(lines))
        write_json(new / out.name, content, indent=False)
    return changes


def describe(ann_file: PathLike, diagnosis: Diagnosis) -> str:
    """Return a diagnosis as text: the error, each repair with examples, and the command."""
    if not diagnosis.error and not diagnosis.changes:
        return f"{ann_file}: nothing to repair"
    lines = [diagnosis.error or f"{ann_file} can be read as it is; repairs that would change it:"]
    for name, changes in diagnosis.changes.items():
        lines.append(f"  --{name}: {len(changes)} changes")
        lines += [f"      {_shown(change)}" for change in changes[:SHOWN_AT_MOST]]
    if diagnosis.remaining:
        lines.append(f"after all of these: {diagnosis.remaining}")
    lines += [f"  {hint} would help" for hint in diagnosis.hints]
    if diagnosis.changes:
        chosen = " ".join(f"--{name}" for name in diagnosis.changes)
        lines.append(
            f"to write a repaired copy, with those that you want: python tools/labels.py repair "
            f"{ann_file} {chosen} --out NEW.json"
        )
    return "\n".join(lines)


def read_lenient(path: PathLike) -> Content:
    """Return the content of a COCO file, with lists of objects in its three sections.

    NaN and infinities, which are not JSON, are read as Python reads them.

    Raises:
        PodiumError: If it is no JSON object with a list of images.
    """
    try:
        content = read_json(path)
    except PodiumError:
        try:
            content = json.loads(read_bytes(path))
        except (ValueError, RecursionError):
            content = None
        if content is None:
            raise
    if not isinstance(content, dict) or not content.get("images"):
        raise PodiumError(f"{path} must be a COCO object with images")
    for section in ("images", "categories", "annotations"):
        entries = content.setdefault(section, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise PodiumError(f"{path}: {section} must be a list of objects")
        for index, entry in enumerate(entries):
            for key in ("id", "image_id", "category_id"):
                if isinstance(entry.get(key), list | dict):
                    raise PodiumError(f"{path}: {section}[{index}].{key} must be a number or text")
    return content


def _error_of(content: Content, ann_file: PathLike) -> str:
    """Return why `content` is no valid annotation file, in the words of the reader."""
    try:
        ground_truth_of(content, ann_file)
    except PodiumError as error:
        return str(error)
    return ""


def _shown(change: Change) -> str:
    after = "dropped" if change.after is None else f"{change.after!r:.60}"
    return f"{change.where}: {change.before!r:.80} -> {after}"
