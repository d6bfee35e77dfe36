"""What `tools/split.py` does: look, deal, seal; and what it shows afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from custom.splits.make import make_split, read_labelled, take_split
from custom.splits.seal import Draft, seal
from custom.splits.split import Split


@dataclass(frozen=True)
class SplitRequest:
    """One call of the tool.

    Attributes:
        ann_file: The annotations to split.
        num_folds: How many folds.
        seed: Decides between equally good splits.
        group_by: A key of the image entries, or a regular expression on file names.
        given: Files of val ids, one a fold, to seal as they are; empty to make folds.
        out: The folder of splits; None for `data/<folder of ann_file>/splits`.
        name: The split's name; None for one made of the parameters.
    """

    ann_file: Path
    num_folds: int = 5
    seed: int = 42
    group_by: str | None = None
    given: Sequence[Path] = ()
    out: Path | None = None
    name: str | None = None

    @property
    def folder(self) -> Path:
        """Where the split is sealed."""
        out = self.out or default_splits_folder(self.ann_file)
        default = f"given-{len(self.given)}fold" if self.given else ""
        return out / (self.name or default or f"{self.num_folds}fold-seed{self.seed}")


def default_splits_folder(ann_file: Path) -> Path:
    """Return where the splits of a data set are: named for the folder of its annotations."""
    return Path("data") / ann_file.resolve().parent.name / "splits"


def run_split(request: SplitRequest) -> tuple[Split, Draft]:
    """Split a data set, or take given folds, and seal the result."""
    gt = read_labelled(request.ann_file)
    if request.given:
        draft = take_split(gt, request.given, request.group_by)
    else:
        draft = make_split(gt, request.num_folds, request.seed, request.group_by)
    return seal(draft, request.folder), draft


def balance_table(draft: Draft) -> Table:
    """Return what each fold's val part holds, a row a class, size or crowd, for the terminal."""
    balance = draft.balance
    table = Table(title="val boxes and images by fold")
    table.add_column("")
    for fold in range(len(balance.counts)):
        table.add_column(f"fold {fold}", justify="right")
    table.add_column("deviation", justify="right")
    kind_before = ""
    names = zip(balance.features.kinds, balance.features.names, strict=True)
    for column, (kind, name) in enumerate(names):
        if kind != kind_before and kind_before:
            table.add_section()
        kind_before = kind
        label = name if kind in ("images", "class") else f"{kind}: {name}"
        counts = [str(count) for count in balance.counts[:, column].tolist()]
        deviation = balance.deviations[column]
        table.add_row(label, *counts, f"{deviation:.1%}" if deviation == deviation else "-")
    return table
