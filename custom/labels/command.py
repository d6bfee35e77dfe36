"""What `tools/labels.py` does."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import clip_bboxes, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import check_replaceable, read_json, sha256_of, write_json
from custom.labels.of_items import find_label_suspects
from custom.labels.oof import are_of_labels, out_of_fold
from custom.labels.patch import (
    ADD,
    MOVE,
    RELABEL,
    REMOVE,
    Box,
    Edit,
    refuse_replacing,
    rounded,
    write_patch,
)
from custom.labels.suspects import (
    CLASS,
    DUPLICATE,
    EXTRA,
    KINDS,
    LOCALIZATION,
    MISSING,
    Suspect,
    find_suspects,
)
from custom.runs import find_runs
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth

EDIT_OF_KIND = {MISSING: ADD, CLASS: RELABEL, LOCALIZATION: MOVE, DUPLICATE: REMOVE, EXTRA: REMOVE}


@dataclass(frozen=True)
class FindRequest:
    """One call of `labels.py find`.

    Attributes:
        runs: Run folders or patterns, out-of-fold.
        predictions: Instead of runs: predictions on all of `ann_file`, CSV or COCO results.
        ann_file: With `predictions`: the annotations to look through.
        format_name: Of a CSV.
        out: The suspects, JSON.
        patch: Proposals as a patch, for a person to thin out; None for none.
        top: How many proposals.
        author: Of the proposals.
        overwrite: Whether an existing patch, or another file at `out`, may be replaced.
    """

    runs: Sequence[str] = ()
    predictions: Path | None = None
    ann_file: Path | None = None
    format_name: str = "trash"
    out: Path = Path("reports/suspects.json")
    patch: Path | None = None
    top: int = 200
    author: str = ""
    overwrite: bool = False


def run_find(request: FindRequest) -> tuple[list[Suspect], GroundTruth]:
    """Find suspects, write them, and return them with the annotations.

    Raises:
        PodiumError: If the patch exists already, `out` holds something other than suspects or is
            an input, `top` is negative, or the input is not right.
    """
    if request.top < 0:
        raise PodiumError(f"top must be at least 0, but is {request.top}")
    read = [path for path in (request.ann_file, request.predictions) if path is not None]
    check_replaceable([request.out], read, request.overwrite, _holds_suspects)
    if request.patch is not None and not request.overwrite:
        refuse_replacing(request.patch)
    gt, predictions = _inputs(request)
    is_of_labels = are_of_labels(find_runs(request.runs)) if request.runs else False
    suspects = (find_label_suspects if is_of_labels else find_suspects)(gt, predictions)
    records = [suspect_record(gt, suspect) for suspect in suspects]
    facts = {"file": gt.source, "hash": sha256_of(gt.source)}
    write_json(request.out, {"annotations": facts, "suspects": records}, indent=False)
    if request.patch is not None:
        edits = [edit_of(gt, suspect, request.author) for suspect in suspects[: request.top]]
        write_patch(request.patch, edits)
    return suspects, gt


def _holds_suspects(path: Path) -> bool:
    """Whether a file is what an earlier search wrote."""
    if path.suffix != ".json":
        return False
    try:
        content = read_json(path)
    except PodiumError:
        return False
    return isinstance(content, dict) and set(content) == {"annotations", "suspects"}


def _inputs(request: FindRequest) -> tuple[GroundTruth, Predictions]:
    if bool(request.runs) == bool(request.predictions):
        raise PodiumError("give either --runs or --predictions with --ann")
    if request.predictions is None:
        return out_of_fold(find_runs(request.runs))
    if request.ann_file is None:
        raise PodiumError("--predictions needs the annotations they were made on: --ann FILE")
    gt = read_ground_truth(request.ann_file)
    name = request.format_name
    return gt, read_submission(request.predictions, name, gt.images, gt.categories)


def edit_of(gt: GroundTruth, suspect: Suspect, author: str = "") -> Edit:
    """Return the edit that would fix a suspect as the models see it."""
    sizes_hw = gt.images.sizes_hw[[suspect.image]]
    seen = clip_bboxes(np.array([suspect.bbox]), sizes_hw)
    row = suspect.row
    is_there = row is not None
    box = xyxy_to_xywh(gt.bboxes[row][None] if is_there else seen)[0]
    label = int(gt.labels[row]) if is_there else suspect.label
    kind, names = EDIT_OF_KIND[suspect.kind], gt.categories.names
    choices: dict[str, str | Box] = {
        RELABEL: names[suspect.label],
        MOVE: rounded(xyxy_to_xywh(seen)[0]),
    }
    reason = f"suspect: {suspect.kind}, {suspect.score:.3f}"
    name = gt.images.file_names[suspect.image]
    return Edit(name, kind, names[label], rounded(box), choices.get(kind), author, reason)


def suspect_record(gt: GroundTruth, suspect: Suspect) -> dict[str, Any]:
    """Return a suspect as JSON has it: what is annotated, what is seen, and the edit for it."""
    edit = edit_of(gt, suspect)
    row = suspect.row
    return {
        "kind": suspect.kind,
        "score": suspect.score,
        "image": edit.image,
        "image_id": int(gt.images.ids[suspect.image]),
        "annotation_id": None if row is None else int(gt.annotation_ids[row]),
        "edit": edit.edit,
        "class": edit.category,
        "box": edit.box,
        "to": edit.to,
        "seen_class": gt.categories.names[suspect.label],
        "seen_bbox": suspect.bbox,
    }


def summary_of(suspects: Sequence[Suspect]) -> str:
    """Return how many suspects of each error type there are, and how many are likely errors."""
    counts = [
        f"{kind} {sum(s.kind == kind for s in suspects)} "
        f"({sum(s.kind == kind and s.score >= 0.5 for s in suspects)} above 0.5)"
        for kind in (*KINDS, *([EXTRA] if any(s.kind == EXTRA for s in suspects) else []))
    ]
    return ", ".join(counts)


def default_author() -> str:
    """Return git's user name, or else the login."""
    try:
        command = ["git", "config", "user.name"]
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return result.stdout.strip() or getpass.getuser()
    except (OSError, subprocess.SubprocessError):
        return getpass.getuser()
