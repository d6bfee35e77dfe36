"""The paired bootstrap of two real models: 2,000 resamples of 4,883 images, from tables.

python benchmarks/bootstrap.py [--resamples 2000] [--repeats 3]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from custom.evaluation import match_for, paired_bootstrap
from custom.submission import read_submission
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA


def jittered(predictions: Predictions, seed: int) -> Predictions:
    """Return a second model: boxes moved by 5% of their sides, scores by 0.05."""
    rng = np.random.default_rng(seed)
    sides = np.tile(predictions.bboxes[:, 2:] - predictions.bboxes[:, :2], 2)
    bboxes = predictions.bboxes + rng.normal(0, 0.05, sides.shape) * sides
    bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
    scores = np.clip(predictions.scores + rng.normal(0, 0.05, predictions.num_boxes), 0, 1)
    return predictions.with_columns(bboxes=bboxes, scores=scores)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the interval, and the time from tables to interval."""
    args = parse_args(argv)
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = SHARED_DATA / "predictions" / "train_faster_rcnn.csv"
    first = read_submission(path, "trash", gt.images, gt.categories)
    models = (first, jittered(first, 42))
    for round_ in range(args.repeats + 1):
        start = (time.perf_counter(), time.process_time())
        pair = [match_for(gt, model, "AP50") for model in models]
        result = paired_bootstrap(pair[0], pair[1], args.resamples)
        seconds = (time.perf_counter() - start[0], time.process_time() - start[1])
        print(
            f"{'warm' if round_ else 'first call'}: {seconds[0]:.2f} s by the clock, "
            f"{seconds[1]:.2f} s of processor time"
        )
    print(
        f"{args.resamples} resamples, {len(gt.images)} images, difference {result.difference:+.4f} "
        f"[{result.low:+.4f}, {result.high:+.4f}]"
    )


if __name__ == "__main__":
    main()
