"""How a run's predictions were made, and the check that val and test were predicted alike.

The score of a run, and of an ensemble, is that of `val.json`. It says something about the test
predictions only where both come from the same weights by the same procedure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custom.errors import PodiumError
from custom.files import PathLike, sha256_of

if TYPE_CHECKING:
    from custom.runs.record import RunRecord


@dataclass(frozen=True)
class Procedure:
    """What differs from predicting with the run's `best.pth` as its config says.

    Attributes:
        tta: Whether flips and scales are merged.
        score_thr: The detector's score threshold, from 0 to below 1; None: the config's.
        max_per_img: Most boxes kept on an image; None: the config's.
        batch_size: Images predicted at once, which are padded to one size; None: the config's.
        checkpoint: SHA-256 of the weights; None: those of `best.pth`.
    """

    tta: bool = False
    score_thr: float | None = None
    max_per_img: int | None = None
    batch_size: int | None = None
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        if self.score_thr is not None and not 0 <= self.score_thr < 1:
            raise PodiumError(f"--score-thr must be 0 to below 1, but is {self.score_thr}")
        for name in ("max_per_img", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = name.replace("_", "-")
                raise PodiumError(f"--{option} must be at least 1, but is {value}")

    def __str__(self) -> str:
        """Return the options of `tools/test.py` that it stands for, or "no options"."""
        words = ["--tta"] if self.tta else []
        for name in ("score_thr", "max_per_img", "batch_size"):
            if (value := getattr(self, name)) is not None:
                words.append(f"--{name.replace('_', '-')} {value:g}")
        words += [f"--checkpoint (SHA-256 {self.checkpoint[:12]})"] if self.checkpoint else []
        return " ".join(words) or "no options"


@dataclass(frozen=True)
class PredictionsEntry:
    """A file of predictions: its SHA-256, and how it was made."""

    hash: str
    procedure: Procedure = field(default_factory=Procedure)
    extra: Mapping[str, Any] = field(default_factory=dict)


def predictions_entry(path: PathLike, procedure: Procedure | None = None) -> PredictionsEntry:
    """Return what a record keeps of a file of predictions."""
    return PredictionsEntry(sha256_of(path), procedure or Procedure())


def procedure_of(record: RunRecord, part: str) -> Procedure:
    """Return how the predictions of a part, "val" or "test", were made.

    A record from before procedures were kept says at most that the test set was predicted by
    test-time augmentation.
    """
    if part in record.predictions:
        return record.predictions[part].procedure
    return Procedure(tta=part == "test" and bool(record.tta))


def is_recorded(record: RunRecord, part: str, path: PathLike) -> bool:
    """Return whether a file of predictions is the one that a record tells of, if it tells."""
    return part not in record.predictions or sha256_of(path) == record.predictions[part].hash


def check_predictions(folder: Path, record: RunRecord, part: str, path: Path) -> None:
    """Refuse predictions that are not what the record says, or val and test predicted differently.

    Args:
        folder: The run's.
        record: Its record.
        part: What is about to be read, "val" or "test".
        path: The file that is about to be read.

    Raises:
        PodiumError: If the file has changed since it was recorded, as when `tools/test.py` was
            killed between two files, or the procedures differ.
    """
    if path.exists() and not is_recorded(record, part, path):
        tool = (
            f"import_run.py {folder.name} --overwrite" if record.made_from else f"test.py {folder}"
        )
        raise PodiumError(
            f"{path} must be what {folder / 'run.json'} records, but its content differs; was "
            f"{tool.split()[0]} stopped, or the file replaced? Run tools/{tool} again"
        )
    val, test = (procedure_of(record, each) for each in ("val", "test"))
    if {"val", "test"} <= record.data.keys() and val != test:
        raise PodiumError(
            f"{folder}: val and test must be predicted alike, or the score is of something else, "
            f"but val.json was made with {val} and {folder.name}.json with {test}; run "
            f"tools/test.py {folder} again with the options you want, which predicts both"
        )
