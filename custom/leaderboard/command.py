"""From a submission's files to its line in the ledger."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.evaluation.metrics import metric_of
from custom.files import PathLike, sha256_of
from custom.leaderboard.ledger import LEDGER, Entry, append, now, read_ledger, torn_line
from custom.leaderboard.policy import read_policy
from custom.leaderboard.report import make_report
from custom.leaderboard.text import render
from custom.submission.checks.subject import subject_of_csv
from custom.submission.csv_file import read_csv
from custom.submission.formats import format_for, format_of
from custom.submission.meta import ValEntry, read_meta
from custom.submission.reader import known_numbers
from custom.tables import Categories


def add_submission(
    path: PathLike,
    public: float | None = None,
    private: float | None = None,
    val: float | None = None,
    val_interval: tuple[float, float] | None = None,
    format_name: str = "trash",
    ledger: PathLike = LEDGER,
    note: str = "",
    time: str | None = None,
    correct: bool = False,
    metric: str | None = None,
) -> Entry:
    """Write a submission into the ledger, with what `<name>.meta.json` beside it says.

    Args:
        path: The file that was uploaded.
        public: The score on the public board.
        private: The score on the private board.
        val: The score on validation; the one in the meta file where None.
        val_interval: Its 95% interval; the one in the meta file where None.
        format_name: A key of `FORMATS`.
        ledger: The ledger.
        note: What the team wants to remember.
        time: When it was submitted, ISO 8601 with the offset from UTC; now where None.
        correct: Whether a score that the ledger has may be replaced by another one.
        metric: What the scores are of; what the meta file says where None, or else the format's.

    Raises:
        PodiumError: If the file is no submission, was changed since its meta file was written, or
            the ledger says something else of it.
    """
    path = Path(path)
    digest = sha256_of(path)
    meta = read_meta(path, digest)
    known = meta.val or ValEntry()
    if val is None and known.value is not None:
        val, val_interval = known.value, val_interval or known.interval
    if metric is None and known.value is not None:
        metric = known.metric
    entry = Entry(
        time or now(),
        path.stem,
        digest,
        public,
        private,
        val,
        val_interval,
        meta.split_hash,
        meta.runs,
        meta.recipe,
        class_shares_of(path, format_name),
        note,
        metric_of(metric or format_of(format_name).metric).name,
    )
    return append(entry, ledger, correct)


def report_text(ledger: PathLike = LEDGER, moment: datetime | None = None) -> str:
    """Return the report on a ledger as text; `moment` is now where None."""
    entries = read_ledger(ledger)
    moment = moment or datetime.now(timezone.utc)
    text = render(make_report(entries, read_policy(ledger), moment))
    torn = torn_line(ledger)
    return f"{text}\nnote: {torn}" if torn else text


def class_shares_of(path: PathLike, format_name: str) -> dict[str, float]:
    """Return each class's share of the scores in a CSV, by what stands for it in the file.

    Raises:
        PodiumError: If a label is not a class of the format.
    """
    form = format_for(path, format_name)
    if form.suffix == ".json":
        return {}  # a competition that takes JSON: no histogram is kept
    rows = subject_of_csv(read_csv(path), form).rows
    known = np.inf if form.classes is None else len(form.classes)
    wrong = ~((rows.labels == np.floor(rows.labels)) & (rows.labels >= 0) & (rows.labels < known))
    if wrong.any():
        raise PodiumError(
            f"{path}: labels must be classes of {format_name}, but {int(wrong.sum())} of "
            f"{len(wrong)} are not; "
            f"`podium submit --check {path}` shows which"
        )
    numbers, index = np.unique(rows.labels, return_inverse=True)
    sums = np.bincount(index, rows.scores) / max(float(rows.scores.sum()), 1e-12)
    names = [str(int(n)) if form.classes is None else form.classes[int(n)] for n in numbers]
    return {name: round(float(share), 6) for name, share in zip(names, sums, strict=True)}


def last_shares(ledger: PathLike, categories: Categories, format_name: str) -> FloatArray | None:
    """Return each class's share of the scores in the last submission with a public score, (C,).

    None where there is none, or where its classes are not these.
    """
    form = format_of(format_name)
    known = known_numbers(form, categories)
    assert known is not None  # categories are given
    label_of = {
        str(n) if form.classes is None else form.classes[n]: lab for n, lab in known.tolist()
    }
    for entry in reversed(read_ledger(ledger)):
        if entry.public is not None and entry.class_shares:
            if not set(entry.class_shares) <= set(label_of):
                return None
            shares = np.zeros(len(categories))
            for name, share in entry.class_shares.items():
                shares[label_of[name]] = share
            return shares
    return None
