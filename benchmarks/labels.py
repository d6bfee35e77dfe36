"""Measure how many planted label errors are among the first suspects, beside hotcoco and cleanlab.

python benchmarks/labels.py --data ../shared/data            the real detector and a drawn one
python benchmarks/labels.py --run runs/universenet_nano      the val fold of a run
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from custom.boxes import BoolArray, FloatArray
from custom.errors import run_tool
from custom.labels.overlaps import pairwise_iou
from custom.labels.suspects import CLASS, DUPLICATE, LOCALIZATION, MISSING, Suspect, find_suspects
from custom.runs import find_runs
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.planted import Planted, plant_errors

FIRST = (50, 100, 200, 500)
FOUND_IOU = 0.5


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="folder with trash-gt and predictions")
    source.add_argument("--run", help="a run folder; its val predictions are the detector's")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--images", type=int, help="only the first ones")
    parser.add_argument("--cleanlab", action="store_true", help="compare with it too: minutes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print precision at the first suspects."""
    args = parse_args(argv)
    for name, truth, predictions in detectors(args):
        chosen = np.arange(args.images or len(truth.images))
        truth, predictions = truth.take(chosen), predictions.take(chosen)
        print(f"{name}: {predictions.num_boxes} boxes on {len(truth.images)} images")
        shares: dict[str, list[FloatArray]] = {}
        for seed in args.seeds:
            planted = plant_errors(truth, 0.05, seed)
            for tool in (podium, hotcoco, *([cleanlab] if args.cleanlab else [])):
                start = time.perf_counter()
                found = tool(planted, predictions)
                print(f"seed {seed}, {tool.__name__}, {time.perf_counter() - start:.1f} s")
                for kind, hits in found.items():
                    first = np.array([hits[:number].mean() for number in FIRST])
                    show(kind, first)
                    shares.setdefault(f"{tool.__name__}, {kind}", []).append(first)
        print(f"{name}, mean of {len(args.seeds)} seeds")
        for row, values in shares.items():
            show(row, np.mean(values, axis=0))
    return None


def detectors(args: argparse.Namespace) -> Iterator[tuple[str, GroundTruth, Predictions]]:
    """Yield the detectors whose errors are looked through: a run, or a real and a drawn one."""
    if args.run:
        (run,) = find_runs([args.run])
        truth = run.val_ground_truth
        yield run.name, truth, run.val_predictions().aligned_to(truth.images.ids)
        return
    truth = read_ground_truth(args.data / "trash-gt" / "train.json")
    path = args.data / "predictions" / "train_faster_rcnn.csv"
    real = read_submission(path, "trash", truth.images, truth.categories)
    yield "Faster R-CNN", truth, real.aligned_to(truth.images.ids)
    yield "drawn", truth, drawn_detector(truth)


def drawn_detector(truth: GroundTruth, seed: int = 0) -> Predictions:
    """Return a detector of another profile: sure of itself, and with boxes of any score.

    It finds 85% of the objects, takes one in seven for the class after its own, places boxes
    with a tenth of their side as error, and sees three things an image that are not there.
    """
    rng = np.random.default_rng(seed)
    found = np.flatnonzero(rng.random(truth.num_boxes) < 0.85)
    sides = truth.bboxes[found, 2:] - truth.bboxes[found, :2]
    labels = (truth.labels[found] + (rng.random(len(found)) < 1 / 7)) % len(truth.categories)
    right = labels == truth.labels[found]
    scores = np.where(right, rng.beta(8, 1.5, len(found)), rng.beta(4, 2, len(found)))
    corner = truth.bboxes[found, :2] + rng.normal(0, 0.1, sides.shape) * sides
    images = len(truth.images)
    alone = rng.integers(0, images, 3 * images)
    room = truth.images.sizes_hw[alone][:, ::-1] * 0.8
    at, size = rng.random((len(alone), 2)) * room, rng.uniform(0.05, 0.2, (len(alone), 2)) * room
    return Predictions.from_rows(
        truth.images.ids,
        np.concatenate([truth.image_index[found], alone]),
        np.concatenate([np.hstack([corner, corner + sides]), np.hstack([at, at + size])]),
        np.concatenate([scores, rng.beta(1, 5, len(alone))]),
        np.concatenate([labels, rng.integers(0, len(truth.categories), len(alone))]),
    )


def is_planted(suspect: Suspect, planted: Planted) -> bool:
    """Return whether a suspect is an error that was planted, of its kind."""
    if suspect.row is None:
        boxes = planted.dropped[planted.dropped_image == suspect.image]
        return bool((pairwise_iou(np.array([suspect.bbox]), boxes) >= FOUND_IOU).any())
    rows = {CLASS: planted.relabelled, LOCALIZATION: planted.shifted}.get(suspect.kind)
    return bool(rows is not None and rows[suspect.row])


def podium(planted: Planted, predictions: Predictions) -> dict[str, BoolArray]:
    """Return which of our suspects were planted, the first ones first, by error type."""
    suspects = find_suspects(planted.gt, predictions)
    hits = np.array([is_planted(suspect, planted) for suspect in suspects])
    kinds = np.array([suspect.kind for suspect in suspects])
    return {
        "all": hits,
        "all but duplicates": hits[kinds != DUPLICATE],
        **{kind: hits[kinds == kind] for kind in (MISSING, CLASS, LOCALIZATION)},
    }


def hotcoco(planted: Planted, predictions: Predictions) -> dict[str, BoolArray]:
    """Return the same of hotcoco's diagnostics."""
    from hotcoco import COCO, COCOeval

    gt = planted.gt
    with tempfile.TemporaryDirectory() as folder:
        ann_file, results = Path(folder, "ann.json"), Path(folder, "results.json")
        ann_file.write_bytes(orjson.dumps(as_coco(gt)))
        write_results(results, predictions, gt.categories)
        truth = COCO(str(ann_file))
        evaluation = COCOeval(truth, truth.load_res(str(results)), "bbox")
        evaluation.evaluate()
        errors = evaluation.image_diagnostics(score_thr=0.3)["label_errors"]
    kinds = np.array([MISSING if e["gt_id"] is None else CLASS for e in errors])
    position = {int(image_id): i for i, image_id in enumerate(gt.images.ids)}
    hits = np.array([is_hit(error, planted, predictions, position) for error in errors])
    return {"all": hits, **{kind: hits[kinds == kind] for kind in (MISSING, CLASS)}}


def as_coco(gt: GroundTruth) -> dict[str, Any]:
    """Return annotations as a COCO file has them; a row's id is its number from 1."""
    sides = gt.bboxes[:, 2:] - gt.bboxes[:, :2]
    return {
        "images": [
            {"id": int(i), "file_name": f"{i}.jpg", "width": int(w), "height": int(h)}
            for i, (h, w) in zip(gt.images.ids, gt.images.sizes_hw.tolist(), strict=True)
        ],
        "categories": [
            {"id": int(i), "name": name}
            for i, name in zip(gt.categories.ids, gt.categories.names, strict=True)
        ],
        "annotations": [
            {
                "id": row + 1,
                "image_id": int(gt.images.ids[gt.image_index[row]]),
                "category_id": int(gt.categories.ids[gt.labels[row]]),
                "bbox": [*gt.bboxes[row, :2].tolist(), *sides[row].tolist()],
                "area": float(gt.area[row]),
                "iscrowd": int(gt.iscrowd[row]),
            }
            for row in range(gt.num_boxes)
        ],
    }


def is_hit(
    error: dict[str, Any], planted: Planted, predictions: Predictions, position: dict[int, int]
) -> bool:
    """Return whether what hotcoco names is an error that was planted, of its kind."""
    if error["gt_id"] is not None:
        return bool(planted.relabelled[error["gt_id"] - 1])
    dropped = planted.dropped[planted.dropped_image == position[error["image_id"]]]
    box = predictions.bboxes[[error["dt_id"] - 1]]
    return bool((pairwise_iou(box, dropped) >= FOUND_IOU).any())


def cleanlab(planted: Planted, predictions: Predictions) -> dict[str, BoolArray]:
    """Return the same of cleanlab's box scores."""
    from cleanlab.object_detection import rank

    labels, found = cleanlab_input(planted.gt, predictions)
    common: dict[str, Any] = dict(labels=labels, predictions=found)
    missing = rank.compute_overlooked_box_scores(**common)
    swapped = rank.compute_swap_box_scores(**common)
    badly = rank.compute_badloc_box_scores(**common)
    results = {
        MISSING: (flat(missing), missing_hits(planted, found)),
        CLASS: (flat(swapped), planted.relabelled),
        LOCALIZATION: (flat(badly), planted.shifted),
    }
    kept = {kind: sorted_hits(scores, hits) for kind, (scores, hits) in results.items()}
    scores = np.concatenate([scores for scores, _ in results.values()])
    hits = np.concatenate([hits for _, hits in results.values()])
    return {"all": sorted_hits(scores, hits), **kept}


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


def show(name: str, shares: FloatArray) -> None:
    """Print the share of planted errors among the first."""
    text = ", ".join(f"{number}: {share:.3f}" for number, share in zip(FIRST, shares, strict=True))
    print(f"    {name:30} precision at {text}", flush=True)


if __name__ == "__main__":
    run_tool(main)
