"""How often the interval of mAP50 covers the truth where a class has one to five boxes.

Real predictions on all images have a true mAP50; intervals are made from a few images. In each
population three classes are made rare: on most images their boxes are taken away, annotated and
predicted ones alike, so that their AP stays about what it is. Beside the interval in use: leaving a
lacking class out of a resample's mean, and giving it the AP that it has on all the images drawn.

python -m benchmarks.rare_classes [--images 300] [--trials 600] [--boxes 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.gate_calibration import variant
from benchmarks.pairs import Pool
from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation import bootstrap_ap, score_matches
from custom.evaluation.bootstrap import interval_of, paired_interval_of
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.rows import offsets_of
from custom.testing import SHARED_DATA

NUM_RARE = 3
# By the fewest boxes of a class in the images drawn.
BINS = ((1, 1), (2, 3), (4, 5), (6, 99))


def population(
    gt: GroundTruth, model: Predictions, number: int, expected: float, num_images: int
) -> Pool:
    """Return two models of one quality, with three rare classes.

    Args:
        gt: The annotations.
        model: What the two are made from.
        number: Which classes are rare, and where they are.
        expected: How many boxes of a rare class `num_images` images have on average.
        num_images: How many are drawn.
    """
    rng = np.random.default_rng(number)
    kept_gt, kept = np.ones(gt.num_boxes, bool), np.ones(model.num_boxes, bool)
    for label in rng.permutation(len(gt.categories))[:NUM_RARE]:
        own = gt.labels == label
        share = expected / num_images * len(gt.images) / own.sum()
        on = rng.random(len(gt.images)) < share
        kept_gt &= ~own | on[gt.image_index]
        kept &= (model.labels != label) | on[model.image_index]
    models = [variant(model, 2 * number + k).keep(kept) for k in range(2)]
    return Pool.of(_keep(gt, kept_gt), models)


def _keep(gt: GroundTruth, kept: BoolArray) -> GroundTruth:
    counts = np.bincount(gt.image_index[kept], minlength=len(gt.images))
    return GroundTruth(
        gt.images, gt.categories, offsets_of(counts), gt.bboxes[kept], gt.labels[kept],
        gt.iscrowd[kept], gt.area[kept], gt.annotation_ids[kept],
    )  # fmt: skip


def treatments(samples: FloatArray, full: FloatArray) -> dict[str, FloatArray]:
    """Return the resampled means, by how rare classes are treated.

    Args:
        samples: Shape (R, C+1), of `bootstrap_ap`.
        full: Shape (C,), on the images as they are; NaN for a class without boxes.
    """
    has = ~np.isnan(full)
    known = samples[:, :-1][:, has]
    carried = np.where(np.isnan(known), full[has], known)
    return {
        "left out": np.nanmean(known, axis=1),
        "kept": carried.mean(axis=1),
        "learnt (in use)": samples[:, -1],
    }


def trial(pool: Pool, images: IntArray, resamples: int, seed: int) -> tuple[int, list[list[float]]]:
    """Return the fewest boxes of a class, and for each treatment what its intervals did.

    Returns:
        For each treatment: covered and width of one model's interval, and of the difference's.
    """
    sides = [pool.draw(images, np.full(len(images), k)) for k in range(2)]
    results = [score_matches(side) for side in sides]
    has = results[0].num_gt > 0
    truth = [float(score_matches(side).per_class[has].mean()) for side in pool.models]
    means = [
        treatments(bootstrap_ap(side, resamples, seed), result.per_class)
        for side, result in zip(sides, results, strict=True)
    ]
    rows = []
    for name in means[0]:
        low, high = interval_of(means[0][name][:, None], 0.95)
        ends = paired_interval_of((means[0][name] - means[1][name])[:, None], 0.95)
        difference = truth[0] - truth[1]
        rows.append(
            [
                float(low[0] <= truth[0] <= high[0]), float(high[0] - low[0]),
                float(ends[0][0] <= difference <= ends[1][0]), float(ends[1][0] - ends[0][0]),
            ]
        )  # fmt: skip
    return int(results[0].num_gt[has].min()), rows


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--boxes", type=float, default=3.0, help="of a rare class, on average")
    parser.add_argument("--populations", type=int, default=30)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the coverage for one model and for the difference of two."""
    args = parse_args(argv)
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = SHARED_DATA / "predictions" / "train_faster_rcnn.csv"
    model = read_submission(path, "trash", gt.images, gt.categories)
    pools = [
        population(gt, model, number, args.boxes, args.images) for number in range(args.populations)
    ]
    fewest, found = [], []
    for number in range(args.trials):
        pool = pools[number % len(pools)]
        rng = np.random.default_rng([args.images, number])
        images = rng.integers(0, pool.num_images, args.images)
        boxes, rows = trial(pool, images, args.resamples, number)
        fewest.append(boxes)
        found.append(rows)
    counts, results = np.array(fewest), np.array(found)
    print("| fewest boxes of a class | trials | rare classes are | one model | width |"
          " difference of two | width |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for low, high in (*BINS, (1, 99)):
        chosen = (counts >= low) & (counts <= high)
        for k, name in enumerate(("left out", "kept", "learnt (in use)")):
            one, width, both, width_both = results[chosen, k].mean(axis=0)
            print(
                f"| {low} to {high} | {chosen.sum()} | {name} | {one:.1%} | {width:.3f} "
                f"| {both:.1%} | {width_both:.3f} |"
            )


if __name__ == "__main__":
    main()
