"""From an annotation file to a split that is ready to be sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike
from custom.splits.assign import assign_folds
from custom.splits.balance import find_issues, measure_balance
from custom.splits.duplicates import LARGE_GROUP, LARGE_SHARE, equal_files
from custom.splits.external import read_external_folds
from custom.splits.features import count_features
from custom.splits.groups import group_sets, join_groups, sets_of_keys
from custom.splits.names import ROBOFLOW_KEY, roboflow_sources
from custom.splits.seal import Draft
from custom.splits.split import BY_PART
from custom.splits.two_files import TwoFiles
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

NOTES_TOLD = 3


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was learnt from the image files.

    Attributes:
        contents: For each image the digest of its file.
        duplicates: For each group of near-duplicates the positions of its images.
        notes: What is odd about single files, one sentence each.
        chained: How many images look alike in chains and were not joined.
        join_chains: Whether chains through groups are joined all the same.
    """

    contents: Sequence[str] = ()
    duplicates: Sequence[IntArray] = ()
    notes: Sequence[str] = ()
    chained: int = 0
    join_chains: bool = False


def read_labelled(ann_file: PathLike) -> GroundTruth:
    """Read annotations to be split.

    Raises:
        PodiumError: If they are not valid COCO annotations or hold no boxes.
    """
    gt = read_ground_truth(ann_file)
    if gt.num_boxes == 0:
        raise PodiumError(
            f"{ann_file} must hold boxes to be split, but has none on {len(gt.images)} images; "
            "is it the test set?"
        )
    refuse_only_crowds(gt)
    return gt


def refuse_only_crowds(gt: GroundTruth) -> None:
    """Refuse annotations whose boxes are all of crowds.

    Raises:
        PodiumError: With the count; a converter's default is the usual cause.
    """
    if gt.num_boxes and gt.iscrowd.all():
        raise PodiumError(
            f"{gt.source} must have boxes of single objects, but all {gt.num_boxes} are of crowds "
            "(iscrowd 1), which are neither trained on nor scored; did a converter set iscrowd?"
        )


def make_split(
    gt: GroundTruth,
    num_folds: int = 5,
    seed: int = 42,
    group_by: str | None = None,
    evidence: Evidence | None = None,
) -> Draft:
    """Make folds that are balanced by class, box size and boxes per image, groups never cut.

    Args:
        gt: The annotations.
        num_folds: At least 2.
        seed: Decides between splits that are about equally good.
        group_by: A key of the image entries, or a regular expression on file names.
        evidence: What was learnt from the image files, if they are available.
    """
    groups, evidence = _groups(gt, group_by, evidence or Evidence(), num_folds)
    fold_of_image = assign_folds(count_features(gt), groups, num_folds, seed)
    folds = tuple(np.flatnonzero(fold_of_image == fold) for fold in range(num_folds))
    parameters = {"folds": num_folds, "seed": seed, "group_by": group_by}
    return _draft(gt, folds, groups, parameters, evidence)


def take_external_split(
    gt: GroundTruth,
    paths: Sequence[PathLike],
    group_by: str | None = None,
    evidence: Evidence | None = None,
) -> Draft:
    """Take external folds as they are, one file of val image ids a fold, and look for issues."""
    folds = read_external_folds(paths, gt.images)
    groups, evidence = _groups(gt, group_by, evidence or Evidence(), len(folds))
    names = [Path(path).name for path in paths]
    parameters = {"folds": len(folds), "from": names, "group_by": group_by}
    return _draft(gt, folds, groups, parameters, evidence)


def take_own_val(
    two: TwoFiles, group_by: str | None = None, evidence: Evidence | None = None
) -> Draft:
    """Take the val file of an organiser as the one fold; its train file is always trained on."""
    evidence = evidence or Evidence()
    keyed = sets_of_keys(two.keys(group_by)) if group_by else []
    groups = join_groups(
        len(two.gt.images), [*keyed, *(members.tolist() for members in evidence.duplicates)]
    )
    parameters = {"folds": 1, "val": Path(two.val.source).name, "group_by": group_by}
    parameters |= {BY_PART: True} if two.by_part else {}
    draft = _draft(two.gt, (two.val_positions,), groups, parameters, evidence, covers_all=False)
    return replace(draft, val_file=two.val.source)


def _groups(
    gt: GroundTruth, group_by: str | None, evidence: Evidence, num_folds: int
) -> tuple[IntArray, Evidence]:
    """Return the group of each image: a video, what shares the key or the fingerprint.

    Near-duplicates can chain groups together until no fold holds them: those are not joined, but
    for equal files, and are counted in the evidence.
    """
    keyed = group_sets(gt.images, group_by) if group_by else []
    keyed += sets_of_keys([str(group) for group in gt.images.groups.tolist()])
    num_images, alike = len(gt.images), [members.tolist() for members in evidence.duplicates]
    groups = join_groups(num_images, [*keyed, *alike])
    too_large = np.bincount(groups) > max(LARGE_GROUP, num_images / max(1, num_folds))
    if evidence.join_chains or not too_large.any():
        return groups, evidence
    kept = [members for members in alike if not too_large[groups[members[0]]]]
    parted = join_groups(num_images, [*keyed, *equal_files(evidence.contents), *kept])
    chained = int((np.bincount(parted)[parted] < np.bincount(groups)[groups]).sum())
    return parted, replace(evidence, chained=evidence.chained + chained)


def _draft(
    gt: GroundTruth,
    folds: tuple[IntArray, ...],
    groups: IntArray,
    parameters: Mapping[str, object],
    evidence: Evidence,
    covers_all: bool = True,
) -> Draft:
    balance = measure_balance(count_features(gt), folds)
    issues = find_issues(balance, folds, groups, gt.images.file_names, covers_all)
    return Draft(
        gt=gt,
        folds=folds,
        groups=groups,
        balance=balance,
        parameters={**parameters, "images_seen": bool(evidence.contents)},
        issues=[
            *issues,
            *_suspicious_groups(evidence, len(gt.images)),
            *_copies(gt, groups),
            *_told(evidence.notes),
        ],
        contents=evidence.contents,
        duplicates=evidence.duplicates,
    )


def _suspicious_groups(evidence: Evidence, num_images: int) -> list[str]:
    """Warn of near-duplicates that are too many to be copies of one photograph."""
    issues = []
    largest = max(map(len, evidence.duplicates), default=0)
    if largest > max(LARGE_GROUP, LARGE_SHARE * num_images):
        issues.append(
            f"one group of near-duplicates holds {largest} of {num_images} images: a common frame "
            "can look alike; look at the report, and use --no-duplicates if they are not copies"
        )
    if evidence.chained:
        issues.append(
            f"{evidence.chained} of {num_images} images look alike in chains longer than a fold, "
            "as frames of a video or a common background do; they were not joined. Name what "
            "belongs together with --group-by, or join them with --join-chains"
        )
    return issues


def _copies(gt: GroundTruth, groups: IntArray) -> list[str]:
    """Offer to keep together what Roboflow's names say are copies of one picture."""
    sources = roboflow_sources(gt.images.file_names)
    if not sources or len(np.unique(groups)) <= len(groups) - (
        sum(sources.values()) - len(sources)
    ):
        return []
    name, count = next(iter(sources.items()))
    return [
        f"{sum(sources.values())} images have the names that Roboflow gives to copies of "
        f"{len(sources)} pictures ({count} of {name}): keep copies together with "
        f"--group-by '{ROBOFLOW_KEY}'"
    ]


def _told(notes: Sequence[str]) -> list[str]:
    """Return the first notes on single files, and how many more there are."""
    more = [f"and {len(notes) - NOTES_TOLD} more such files"] if len(notes) > NOTES_TOLD else []
    return [*notes[:NOTES_TOLD], *more]
