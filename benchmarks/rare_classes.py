"""How often the interval of mAP50 covers the truth on few images, where resamples lack classes.

Real predictions on all images have a true mAP50; intervals are made from a few images. Beside
leaving a lacking class out of a resample's mean: giving it the AP it has on all the images drawn
("carry"), that of the next resample which has it ("borrow"), or drawing again ("redraw").

python -m benchmarks.rare_classes [--images 40 100 400] [--trials 300] [--spoil 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.gate_calibration import variant
from custom.boxes import FloatArray, IntArray
from custom.evaluation import bootstrap_ap, match_for, score
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA


def treatments(samples: FloatArray, full: FloatArray) -> dict[str, FloatArray]:
    """Return the resampled means, by how a lacking class is treated.

    Args:
        samples: Shape (R, C), each class with boxes.
        full: Shape (C,), the same on the images as they are.
    """
    lacking = np.isnan(samples)
    borrowed = samples.copy()
    for label in np.flatnonzero(lacking.any(axis=0)):
        known = np.flatnonzero(~lacking[:, label])
        rows = np.flatnonzero(lacking[:, label])
        borrowed[rows, label] = samples[known[np.searchsorted(known, rows) % len(known)], label]
    return {
        "leave out": np.nanmean(samples, axis=1),
        "carry": np.where(lacking, full, samples).mean(axis=1),
        "borrow": borrowed.mean(axis=1),
        "redraw": samples[~lacking.any(axis=1)].mean(axis=1),
    }


def spoilt(gt: GroundTruth, predictions: Predictions, num_classes: int) -> Predictions:
    """Return predictions that are poor on the rarest classes: half the boxes, random scores."""
    rare = np.argsort(np.bincount(gt.labels, minlength=len(gt.categories)))[:num_classes]
    rng, hit = np.random.default_rng(0), np.isin(predictions.labels, rare)
    scores = np.where(hit, rng.uniform(0.3, 1, len(hit)), predictions.scores)
    return predictions.with_columns(scores=scores).keep(~hit | (rng.uniform(size=len(hit)) < 0.5))


def trial(
    gt: GroundTruth, models: Sequence[Predictions], chosen: IntArray, resamples: int
) -> tuple[FloatArray, FloatArray]:
    """Return the AP (C,) and its resamples (R, C), less a second model's where two are given."""
    part = gt.take(chosen)
    values, samples = [], []
    for model in models:
        found = model.take(chosen)
        values.append(score(part, found).per_class)
        samples.append(bootstrap_ap(match_for(part, found, "AP50"), resamples)[:, :-1])
    sign = np.array([1.0, -1.0])[: len(models)]
    return np.tensordot(sign, values, 1), np.tensordot(sign, samples, 1)


def coverage(
    gt: GroundTruth, models: Sequence[Predictions], num_images: int, args: argparse.Namespace
) -> None:
    """Print how often each treatment's interval covers the truth, and how wide it is."""
    whole = [score(gt, model).per_class for model in models]
    true = whole[0] - whole[1] if len(whole) == 2 else whole[0]
    rows: dict[str, list[tuple[float, ...]]] = {}
    lacking = []
    for number in range(args.trials):
        rng = np.random.default_rng(number)
        chosen = np.sort(rng.permutation(len(gt.images))[:num_images])
        full, samples = trial(gt, models, chosen, args.resamples)
        has = ~np.isnan(full)
        truth = true[has].mean()
        lacking.append(np.isnan(samples[:, has]).any(axis=1).mean())
        for name, means in treatments(samples[:, has], full[has]).items():
            low, high = np.quantile(means, [0.025, 0.975]) if len(means) > 20 else (np.nan,) * 2
            row = (low <= truth <= high, truth < low, high - low, full[has].mean() - truth)
            rows.setdefault(name, []).append(row)
    what = "difference of two equal models" if len(models) == 2 else "one model"
    print(f"{what}, {num_images} images, {np.mean(lacking):.0%} of resamples lacked a class")
    for name, values in rows.items():
        covered, below, width, bias = np.mean(values, axis=0)
        print(
            f"  {name:10} covers {covered:.1%}, truth below it {below:.1%}, width {width:.4f}, "
            f"value less truth {bias:+.4f}"
        )


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[40, 100, 400])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--spoil", type=int, default=0, help="be poor on so many rare classes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the coverage for one model and for the difference of two, by number of images."""
    args = parse_args(argv)
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = SHARED_DATA / "predictions" / "train_faster_rcnn.csv"
    model = read_submission(path, "trash", gt.images, gt.categories)
    if args.spoil:
        model = spoilt(gt, model, args.spoil)
    for num_images in args.images:
        coverage(gt, [model], num_images, args)
        coverage(gt, [variant(model, 1), variant(model, 2)], num_images, args)


if __name__ == "__main__":
    main()
