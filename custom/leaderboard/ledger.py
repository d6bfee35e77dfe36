"""The ledger: what was submitted, what validation said of it and what the board said.

`submissions/ledger.jsonl` is tracked and only ever appended to, one JSON a line, so that two
people's lines merge in git. What becomes known later (a private score) is another line of the same
submission; the later line wins where both know something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import MAXYEAR, MINYEAR, datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from custom.errors import PodiumError
from custom.evaluation.metrics import DEFAULT_METRIC
from custom.files import PathLike, locked, read_bytes, real_path, write_bytes
from custom.typed_json import read_line

LEDGER = Path("submissions/ledger.jsonl")
NEWLINE = b"\n"
_CONFLICT_MARKS = (b"<<<<<<<", b"=======", b">>>>>>>")


@dataclass(frozen=True)
class Entry:
    """One submission, as far as it is known.

    Attributes:
        time: When it was submitted, ISO 8601 with the offset from UTC.
        name: The file's name without extension.
        hash: SHA-256 of the file that was uploaded.
        public: The score on the public board.
        private: The score on the private board, once it is known.
        val: The score on the validation images.
        val_interval: Its confidence interval, 95%.
        split_hash: Of the sealed split that `val` was measured on.
        runs: The runs that were fused.
        recipe: How they were fused.
        class_shares: Each class's share of the scores, by what stands for it in the file.
        note: What the team wants to remember.
        metric: What the scores are of, a name in `custom.evaluation.METRICS`; empty in entries from
            before there were several.
    """

    time: str
    name: str
    hash: str
    public: float | None = None
    private: float | None = None
    val: float | None = None
    val_interval: tuple[float, float] | None = None
    split_hash: str | None = None
    runs: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    class_shares: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    metric: str = ""

    def __post_init__(self) -> None:
        if not _is_moment(self.time):
            raise PodiumError(
                f"{self.name}: time must be ISO 8601 with an offset from UTC, like {now()}, but is "
                f"{self.time}"
            )
        for what in ("public", "private", "val"):
            value = getattr(self, what)
            if value is not None and not 0.0 <= value <= 1.0:
                raise PodiumError(
                    f"{self.name}: {what} score must be in [0, 1], but is {value:g}; is it percent?"
                )
        if self.val_interval is not None:
            low, high = self.val_interval
            if self.val is None or not low <= self.val <= high:
                raise PodiumError(
                    f"{self.name}: the interval must hold the val score {self.val}, but is "
                    f"{low:g} to {high:g}"
                )
            object.__setattr__(self, "val_interval", (low, high))

    @property
    def moment(self) -> datetime:
        """When it was submitted."""
        return datetime.fromisoformat(self.time)

    @property
    def metric_name(self) -> str:
        """What the scores are of."""
        return self.metric or DEFAULT_METRIC

    def scored_by(self, metric: str) -> Entry:
        """Return the entry, without a score on validation that is of another metric."""
        if self.metric_name == metric:
            return self
        return replace(self, val=None, val_interval=None)

    def merged(self, later: Entry) -> Entry:
        """Return what is known after a later line about the same submission."""
        known = {f.name: getattr(later, f.name) for f in fields(later) if f.name != "time"}
        return replace(self, **{k: v for k, v in known.items() if v not in (None, "", (), {})})


def now() -> str:
    """Return the present moment as the ledger writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def read_ledger(path: PathLike = LEDGER) -> list[Entry]:
    """Return the submissions in the order of their first lines' times, one entry each.

    A ledger that does not exist yet has none; a last line that was cut short is none either, see
    `torn_line`.

    Raises:
        PodiumError: If a line is no entry; its number is named.
    """
    return merged(_read_lines(path)) if Path(path).exists() else []


def merged(lines: Iterable[Entry]) -> list[Entry]:
    """Return one entry for each submission, in the order of time."""
    entries: dict[str, Entry] = {}
    for line in sorted(lines, key=lambda entry: entry.moment):
        entries[line.hash] = entries[line.hash].merged(line) if line.hash in entries else line
    return list(entries.values())


def _is_text(value: str) -> bool:
    """Whether a string can be written; names of files that are no UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def append(entry: Entry, path: PathLike = LEDGER, correct: bool = False) -> Entry:
    """Add a line to the ledger, and return what is now known of that submission.

    Several people and processes may add at once: one waits for the other, and the file is replaced
    by one with another line. A last line that was cut short is set aside first.

    Args:
        entry: What is new.
        path: The ledger; it is made where it is absent.
        correct: Whether a score that the ledger has may be replaced by another one.

    Raises:
        PodiumError: If the ledger has another score for this file and `correct` is not given, or
            nothing new is said.
    """
    path = Path(path)
    if any(not _is_text(each) for each in (entry.name, entry.note)):
        raise PodiumError(
            f"what the ledger keeps must be text, but {entry.name!a} or its note is not UTF-8; "
            "rename the file"
        )
    with locked(path):
        known = {old.hash: old for old in read_ledger(path)}
        if entry.hash in known:
            _check_new(known[entry.hash], entry, correct)
        line = orjson.dumps({k: v for k, v in asdict(entry).items() if v not in (None, "", (), {})})
        whole, torn = _without_torn(read_bytes(path) if path.exists() else b"")
        if torn:
            _set_aside(torn, path)
        between = b"\n" if whole and not whole.endswith(b"\n") else b""
        write_bytes(real_path(path), whole + between + line + b"\n")
    return known[entry.hash].merged(entry) if entry.hash in known else entry


def _check_new(old: Entry, new: Entry, correct: bool) -> None:
    """Refuse to say something else than before, or the same again."""
    for what in ("public", "private", "val"):
        before, after = getattr(old, what), getattr(new, what)
        if not correct and None not in (before, after) and before != after:
            raise PodiumError(
                f"{new.name}: the ledger has {what} {before:g} for this file, now it is {after:g}; "
                "replace it with --correct"
            )
    if old.merged(new) == old:
        raise PodiumError(f"{new.name}: the ledger has this submission already, with these scores")


def torn_line(path: PathLike = LEDGER) -> str:
    """Return what to say of a last line that was cut short; "" where all lines are whole.

    An `add` of an earlier version that was killed, or a full disk, leaves one; it is not counted.
    """
    whole, torn = _without_torn(read_bytes(path) if Path(path).exists() else b"")
    if not torn:
        return ""
    return (
        f"{path}, line {whole.count(NEWLINE) + 1} was cut short and is not counted "
        f"({len(torn)} bytes): add that submission again, which moves it to {_aside_of(path)}"
    )


def _without_torn(content: bytes) -> tuple[bytes, bytes]:
    """Return the content up to a last line that was cut short, and that line."""
    start = content.rfind(NEWLINE) + 1
    if content[start:].startswith(_CONFLICT_MARKS):
        return content, b""
    try:
        orjson.loads(content[start:] or b"null")
    except orjson.JSONDecodeError:
        return content[:start], content[start:]
    return content, b""


def _aside_of(path: PathLike) -> Path:
    return Path(path).with_suffix(".torn.txt")


def _set_aside(torn: bytes, path: Path) -> None:
    """Keep what is left of a line that was cut short beside the ledger."""
    aside = _aside_of(path)
    write_bytes(aside, (read_bytes(aside) if aside.exists() else b"") + torn + NEWLINE)


def _read_lines(path: PathLike) -> list[Entry]:
    entries = []
    whole, _ = _without_torn(read_bytes(path))
    for number, line in enumerate(whole.split(NEWLINE), start=1):
        if not line.strip():
            continue
        if line.startswith(_CONFLICT_MARKS):
            raise PodiumError(
                f"{path}, line {number} is the mark of a merge conflict; keep the lines of both "
                "sides and remove the marks"
            )
        entries.append(read_line(line, Entry, f"{path}, line {number}"))
    return entries


def _is_moment(text: str) -> bool:
    """Return whether a text is a time with its offset from UTC, which has a day before and after.

    Without these its day could not be told in another time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.utcoffset() is not None and MINYEAR < moment.year < MAXYEAR
    except ValueError:
        return False
