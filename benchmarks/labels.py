"""Measure how many planted label errors are among the first suspects, beside cleanlab's scores.

python benchmarks/labels.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import BoolArray, FloatArray
from custom.errors import run_tool
from custom.labels.overlaps import pairwise_iou
from custom.labels.suspects import CLASS, DUPLICATE, LOCALIZATION, MISSING, Suspect, find_suspects
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing.planted import Planted, plant_errors

FIRST = (50, 100, 200, 500)
FOUND_IOU = 0.5


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with trash-gt")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", type=int, help="only the first ones: cleanlab takes minutes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print precision at the first suspects."""
    args = parse_args(argv)
    truth = read_ground_truth(args.data / "trash-gt" / "train.json")
    chosen = np.arange(args.images or len(truth.images))
    path = args.data / "predictions" / "train_faster_rcnn.csv"
    predictions = read_submission(path, "trash", truth.images, truth.categories)
    truth, predictions = truth.take(chosen), predictions.take(chosen)
    for seed in args.seeds:
        planted = plant_errors(truth, 0.05, seed)
        measure_podium(planted, predictions, seed)
        measure_cleanlab(planted, predictions, seed)
    return None


def is_planted(suspect: Suspect, planted: Planted) -> bool:
    """Return whether a suspect is an error that was planted, of its kind."""
    if suspect.row is None:
        boxes = planted.dropped[planted.dropped_image == suspect.image]
        return bool((pairwise_iou(np.array([suspect.bbox]), boxes) >= FOUND_IOU).any())
    rows = {CLASS: planted.relabelled, LOCALIZATION: planted.shifted}.get(suspect.kind)
    return bool(rows is not None and rows[suspect.row])


def measure_podium(planted: Planted, predictions: Predictions, seed: int) -> None:
    """Print what our suspects are worth."""
    start = time.perf_counter()
    suspects = find_suspects(planted.gt, predictions)
    seconds = time.perf_counter() - start
    hits = np.array([is_planted(suspect, planted) for suspect in suspects])
    kinds = np.array([suspect.kind for suspect in suspects])
    show(f"seed {seed} podium, all kinds, {seconds:.1f} s", hits)
    show("    all but duplicates", hits[kinds != DUPLICATE])
    for kind in (MISSING, CLASS, LOCALIZATION):
        show(f"    {kind}", hits[kinds == kind])


def measure_cleanlab(planted: Planted, predictions: Predictions, seed: int) -> None:
    """Print what cleanlab's box scores are worth on the same input."""
    try:
        from cleanlab.object_detection import rank
    except ImportError:
        print("cleanlab is not installed: nothing to compare with")
        return
    labels, found = cleanlab_input(planted.gt, predictions)
    start = time.perf_counter()
    common: dict[str, Any] = dict(labels=labels, predictions=found)
    missing = rank.compute_overlooked_box_scores(**common)
    swapped = rank.compute_swap_box_scores(**common)
    badly = rank.compute_badloc_box_scores(**common)
    seconds = time.perf_counter() - start
    results = {
        MISSING: (flat(missing), missing_hits(planted, found)),
        CLASS: (flat(swapped), planted.relabelled),
        LOCALIZATION: (flat(badly), planted.shifted),
    }
    kept = {kind: sorted_hits(scores, hits) for kind, (scores, hits) in results.items()}
    scores = np.concatenate([scores for scores, _ in results.values()])
    hits = np.concatenate([hits for _, hits in results.values()])
    show(f"seed {seed} cleanlab, all kinds, {seconds:.1f} s", sorted_hits(scores, hits))
    for kind, ordered in kept.items():
        show(f"    {kind}", ordered)


def cleanlab_input(gt: GroundTruth, predictions: Predictions) -> tuple[list[Any], list[Any]]:
    """Return both tables in cleanlab's form: a dict and a list of arrays by class, an image."""
    labels, found = [], []
    for index in range(len(gt.images)):
        rows, own = gt.rows(index), predictions.rows(index)
        labels.append({"bboxes": gt.bboxes[rows], "labels": gt.labels[rows]})
        boxes = np.column_stack([predictions.bboxes[own], predictions.scores[own]])
        classes = predictions.labels[own]
        by_class = [boxes[classes == label] for label in range(len(gt.categories))]
        found.append(np.array([*by_class, None], dtype=object)[:-1])
    return labels, found


def missing_hits(planted: Planted, found: Sequence[Any]) -> BoolArray:
    """Return which predicted boxes, in cleanlab's order, are on a dropped box."""
    hits = []
    for index, by_class in enumerate(found):
        dropped = planted.dropped[planted.dropped_image == index]
        boxes = np.concatenate(list(by_class))[:, :4]
        hits.append((pairwise_iou(boxes, dropped) >= FOUND_IOU).any(axis=1))
    return np.concatenate(hits)


def flat(scores: Sequence[FloatArray]) -> FloatArray:
    """Return cleanlab's scores of all images; what it did not score is not suspicious."""
    return np.nan_to_num(np.concatenate([np.asarray(s, float).ravel() for s in scores]), nan=1.0)


def sorted_hits(scores: FloatArray, hits: BoolArray) -> BoolArray:
    """Return hits by rising score: cleanlab's low scores are the suspicious ones."""
    return hits[np.argsort(scores, kind="stable")]


def show(name: str, hits: BoolArray) -> None:
    """Print the share of hits among the first."""
    shares = ", ".join(f"{first}: {hits[:first].mean():.3f}" for first in FIRST)
    print(f"{name:36} precision at {shares}", flush=True)


if __name__ == "__main__":
    run_tool(main)
