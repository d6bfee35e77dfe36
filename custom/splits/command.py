"""What `tools/split.py` does: look at images, make folds, seal them; and what it then shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table

from custom.errors import PodiumError
from custom.files import check_plain_name, check_replaceable
from custom.image_files import find_images
from custom.image_folders import dataset_folder
from custom.splits.check import Difference, check_split, find_splits
from custom.splits.duplicates import find_duplicates
from custom.splits.fingerprints import Track, fingerprint_files
from custom.splits.make import (
    Evidence,
    make_split,
    read_labelled,
    take_external_split,
    take_own_val,
)
from custom.splits.names import images_folder
from custom.splits.report import is_report, write_duplicates_report
from custom.splits.seal import Draft, seal
from custom.splits.split import Split
from custom.splits.two_files import TwoFiles, join_files
from custom.tables import GroundTruth
from custom.terminal import shown

CheckResult = tuple[Path, list[Difference]]


@dataclass(frozen=True)
class SplitRequest:
    """One call of the tool.

    Attributes:
        ann_file: The annotations to split.
        num_folds: How many folds.
        seed: Decides between equally good splits.
        group_by: A key of the image entries, or a regular expression on file names.
        external: Files of val ids, one a fold, to seal as they are; empty to make folds.
        out: The folder of splits; None for `data/<folder of the data set>/splits`.
        name: The split's name; None for one made of the parameters.
        images: Where file names start from; None to look for it.
        report: The page of near-duplicates; None for `reports/duplicates-<data>-<name>.html`.
        workers: Processes that decode images.
        val_file: An organiser's own annotations of val images: the one fold, in place of folds.
        val_images: Where its file names start from; None to look for it.
        join_duplicates: Whether near-duplicates stay together.
        join_chains: Whether they do even where a chain of them is longer than a fold.
    """

    ann_file: Path
    num_folds: int = 5
    seed: int = 42
    group_by: str | None = None
    external: Sequence[Path] = ()
    out: Path | None = None
    name: str | None = None
    images: Path | None = None
    report: Path | None = None
    workers: int = 2
    join_duplicates: bool = True
    join_chains: bool = False
    val_file: Path | None = None
    val_images: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the split is sealed."""
        out = self.out or default_splits_folder(self.ann_file)
        default = f"external-{len(self.external)}fold" if self.external else ""
        default = "own-val" if self.val_file is not None else default
        name = self.name or default or f"{self.num_folds}fold-seed{self.seed}"
        return out / check_plain_name(name, "a split's name")


def default_splits_folder(ann_file: Path) -> Path:
    """Return where the splits of a data set are: named for its folder."""
    return Path("data") / dataset_folder(ann_file).name / "splits"


@dataclass(frozen=True, eq=False)
class SplitResult:
    """What a call of the tool made.

    Attributes:
        split: As it is on disk.
        draft: What it was sealed from.
        report: The page of near-duplicates, or None where no images were seen.
    """

    split: Split
    draft: Draft
    report: Path | None


def run_split(request: SplitRequest, track: Track | None = None) -> SplitResult:
    """Split a data set, or take external folds, and seal the result.

    Args:
        request: What is wanted.
        track: Wraps the images as they are looked at, for a progress bar.

    Raises:
        PodiumError: If annotations, images or parameters are bad, or another split is sealed
            there; nothing is written then.
    """
    if request.num_folds < 2 and request.val_file is None:
        raise PodiumError(f"folds must be at least 2, but are {request.num_folds}")
    gt = read_labelled(request.ann_file)
    two = None if request.val_file is None else _joined(request, request.val_file, gt)
    if two is None:
        paths = _paths(request, gt)
    else:
        gt, paths = two.gt, two.paths(request.images, request.val_images)
    evidence = Evidence()
    if paths is not None:
        fingerprints = fingerprint_files(paths, gt.images, request.workers, track)
        evidence = Evidence(fingerprints.contents, notes=fingerprints.notes)
        if request.join_duplicates:
            found = find_duplicates(fingerprints, request.num_folds, request.join_chains)
            evidence = replace(
                evidence,
                duplicates=found.groups,
                chained=found.chained,
                join_chains=request.join_chains,
            )
    report = None
    if paths is not None:
        title = f"{dataset_folder(request.ann_file).name}-{request.folder.name}"
        report = request.report or Path("reports") / f"duplicates-{title}.html"
        read = filter(None, [request.ann_file, request.val_file, *request.external])
        check_replaceable([report], read, is_own=is_report, remedy="name another with --report")
    if two is not None:
        draft = take_own_val(two, request.group_by, evidence)
    elif request.external:
        draft = take_external_split(gt, request.external, request.group_by, evidence)
    else:
        draft = make_split(gt, request.num_folds, request.seed, request.group_by, evidence)
    split = seal(draft, request.folder)
    if paths is not None and report is not None:
        write_duplicates_report(draft, paths, report, title)
    return SplitResult(split, draft, report)


def _joined(request: SplitRequest, val_file: Path, train: GroundTruth) -> TwoFiles:
    """Return the annotations with those of the organiser's val file."""
    if request.external:
        raise PodiumError("--val is the one fold and --from names folds; give one of the two")
    return join_files(train, read_labelled(val_file))


def _paths(request: SplitRequest, gt: GroundTruth) -> list[Path] | None:
    """Return the path of each image, or None where no images are."""
    folder = images_folder(request.ann_file, gt.images, request.images)
    return None if folder is None else list(find_images(folder, gt.images.file_names).paths)


def run_check(split: Path | None, ann_file: Path | None, images: Path | None) -> list[CheckResult]:
    """Check one split or all splits of a folder; see `check_split`.

    Raises:
        PodiumError: If there is no split.
    """
    where = split or (default_splits_folder(ann_file) if ann_file else Path("data"))
    folders = find_splits(where)
    if not folders:
        raise PodiumError(f"{where} must hold a sealed split, but holds none; make one first")
    return [(folder, check_split(folder, ann_file, images)) for folder in folders]


def balance_table(draft: Draft) -> Table:
    """Return what the val images of each fold hold, a row a class, size or crowd."""
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
        table.add_row(shown(label), *counts, f"{deviation:.1%}" if deviation == deviation else "-")
    return table
