"""What a competition allows, and what other competitions say of its boards before it ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from custom.errors import PodiumError
from custom.files import PathLike
from custom.typed_json import read_record


@dataclass(frozen=True)
class Policy:
    """What the competition allows and what is assumed, from `ledger.policy.json`.

    While one selects, no private score is known, so how far it falls and how noisy a board is must
    be assumed. The defaults: teams of the recycling-trash competition saw .013 to .016 less on
    private than on public, and detectors and their ensembles scattered by .005 on a fold of 977
    images and by .003 on half of a test set of 4,871 (`benchmarks/forecast.py`).

    Attributes:
        per_day: Submissions a day; None where it is not known.
        utc_offset_hours: Where the day begins, in hours from UTC.
        drop: How much worse than the public score the private one is expected to be.
        drop_spread: The standard deviation of that from one competition to the next.
        val_noise: The standard deviation of a submission's score on val, beside what all
            submissions' scores there have in common.
        board_noise: The same of its score on a board.
    """

    per_day: int | None = None
    utc_offset_hours: float = 0.0
    drop: float = 0.0145
    drop_spread: float = 0.002
    val_noise: float = 0.005
    board_noise: float = 0.003

    def __post_init__(self) -> None:
        if self.per_day is not None and self.per_day < 1:
            raise PodiumError(f"per_day must be at least 1, but is {self.per_day}")
        if not -24 < self.utc_offset_hours < 24:
            raise PodiumError(
                f"utc_offset_hours must be between -24 and 24, but is {self.utc_offset_hours:g}"
            )
        if not -1 < self.drop < 1:
            raise PodiumError(f"drop must be between -1 and 1, but is {self.drop:g}")
        for name in ("drop_spread", "val_noise", "board_noise"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise PodiumError(f"{name} must be above 0 and below 1, but is {value:g}")


def read_policy(ledger: PathLike) -> Policy:
    """Return the policy in `<ledger>.policy.json` beside the ledger; the default where none is.

    Raises:
        PodiumError: If it has a key that no policy has, or a value that is none; key and value
            are named.
    """
    path = Path(ledger).with_suffix(".policy.json")
    return read_record(path, Policy) if path.exists() else Policy()
