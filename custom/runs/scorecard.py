"""Score one file: the twelve figures of COCO, each class, and the competition's metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from custom.competition import competition_of
from custom.errors import PodiumError
from custom.evaluation import Score, coco_figures, score_at_best
from custom.files import PathLike, check_replaceable, write_json
from custom.runs.foreign import Place, read_foreign
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

# By these an earlier result is known, which may be replaced.
KEYS = ("predictions", "annotations", "metric", "value", "figures", "per_class")


@dataclass(frozen=True)
class ScoreRequest:
    """What is to be scored.

    Attributes:
        predictions: COCO results, or a CSV file of the format.
        ann_file: The annotated images.
        split: A sealed split of them; None scores all.
        fold: Whose val images are scored.
        metric: The competition's metric; that of the format if None.
        format_name: Of a CSV file.
    """

    predictions: PathLike
    ann_file: PathLike
    split: PathLike | None = None
    fold: int | None = None
    metric: str | None = None
    format_name: str | None = None


@dataclass(frozen=True, eq=False)
class Scorecard:
    """What a file scores.

    Attributes:
        request: What was asked for.
        figures: COCO's figures by name.
        decisive: The competition's metric, at its best score threshold where it needs one.
        num_images: How many images were scored.
        num_predictions: How many boxes were found on them.
        warnings: What a person must know of the file.
    """

    request: ScoreRequest
    figures: dict[str, Score]
    decisive: Score
    num_images: int
    num_predictions: int
    warnings: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return what is written as JSON; a class without boxes has null."""
        scores = {**self.figures, self.decisive.metric: self.decisive}
        return {
            "predictions": str(self.request.predictions),
            "annotations": str(self.request.ann_file),
            "split": None if self.request.split is None else str(self.request.split),
            "fold": self.request.fold,
            "num_images": self.num_images,
            "num_boxes": dict(
                zip(self.decisive.class_names, self.decisive.num_gt.tolist(), strict=True)
            ),
            "num_predictions": self.num_predictions,
            "metric": self.decisive.metric,
            "value": self.decisive.value,
            "score_thr": self.decisive.score_thr,
            "figures": {name: score.value for name, score in self.figures.items()},
            "per_class": {
                name: dict(zip(score.class_names, score.per_class.tolist(), strict=True))
                for name, score in scores.items()
            },
            "warnings": list(self.warnings),
        }


def score_file(request: ScoreRequest) -> Scorecard:
    """Score a file of predictions, which is read and checked as one that becomes a run.

    Raises:
        PodiumError: If the files are not as they should be, are of other images than those that
            are scored, or nothing is annotated.
    """
    annotations, gt, name = _images_of(request)
    if not gt.num_boxes:
        raise PodiumError(f"{request.ann_file} must have annotated boxes, but has none on {name}")
    competition = competition_of((), request.metric, request.format_name)
    found, warnings = read_foreign(
        request.predictions, Place.of_fold(name, gt, annotations), competition.format_name,
        competition.metric,
    )  # fmt: skip
    figures = coco_figures(gt, found)
    known = figures.get(competition.metric.name)
    decisive = known if known is not None else score_at_best(gt, found, competition.metric)
    return Scorecard(request, figures, decisive, len(gt.images), found.num_boxes, tuple(warnings))


def write_scorecard(card: Scorecard, path: PathLike, overwrite: bool = False) -> None:
    """Write what a file scores as JSON; an earlier result is replaced, no other file is."""
    inputs = [card.request.predictions, card.request.ann_file]
    check_replaceable([path], inputs, overwrite, _is_scorecard)
    write_json(path, card.to_record())


def scorecard_lines(card: Scorecard) -> list[str]:
    """Return the figures, then a row a class."""
    asked, widest = card.decisive, max(map(len, card.decisive.class_names))
    lines = [f"{card.num_predictions} boxes on {card.num_images} images"]
    lines += [f"{name:<6} {score.value:.4f}" for name, score in card.figures.items()]
    columns = {name: card.figures[name] for name in ("AP", "AP50", "AP75", "AR100")}
    columns |= {} if asked.metric in columns else {asked.metric: asked}
    lines += ["", f"{'class':<{widest}} {'boxes':>7}" + "".join(f"{n:>9}" for n in columns)]
    for label, name in enumerate(asked.class_names):
        values = (f"{score.per_class[label]:9.4f}" for score in columns.values())
        lines.append(f"{name:<{widest}} {card.figures['AP'].num_gt[label]:7}" + "".join(values))
    at = f" at scores from {asked.score_thr:g} on" if asked.score_thr else ""
    return [*lines, "", f"{asked.metric} (decides): {asked.value:.4f}{at}"]


def _images_of(request: ScoreRequest) -> tuple[GroundTruth, GroundTruth, str]:
    """Return all annotations, those that are scored, and what these are."""
    if (request.split is None) != (request.fold is None):
        raise PodiumError("--split DIR and --fold N must be given together, but one is missing")
    annotations = read_ground_truth(request.ann_file)
    if request.split is None or request.fold is None:
        return annotations, annotations, str(request.ann_file)
    from custom.splits import read_split, select_part

    part = select_part(read_split(request.split), request.fold, "val", annotations.images)
    return annotations, annotations.take(np.asarray(part)), f"fold {request.fold}"


def _is_scorecard(path: Path) -> bool:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and set(KEYS) <= set(content)
