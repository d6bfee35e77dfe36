"""How often the gate accepts when nothing changed, and how often when something did.

Real predictions on train images stand for a model; a jitter of boxes and scores that keeps the
labels makes another of the same quality, and dropping a share of its boxes a worse one.

python benchmarks/gate_calibration.py [--trials 1000] [--power-trials 100]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np

from custom.evaluation import score
from custom.gate import Evidence, GatePolicy, gate
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA

DROPPED = (0.005, 0.01, 0.02, 0.04, 0.08)
NUM_IMAGES = (250, 500, 1000, 2000, 4883)


def variant(predictions: Predictions, seed: int, dropped: float = 0.0) -> Predictions:
    """Return another model: boxes moved by 5% of their sides, scores by 0.05, some dropped."""
    rng = np.random.default_rng(seed)
    sides = predictions.bboxes[:, 2:] - predictions.bboxes[:, :2]
    bboxes = predictions.bboxes + rng.normal(0, 0.05, (predictions.num_boxes, 4)) * np.hstack(
        [sides, sides]
    )
    bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
    scores = np.clip(predictions.scores + rng.normal(0, 0.05, predictions.num_boxes), 0, 1)
    keep = rng.uniform(size=predictions.num_boxes) >= dropped
    return predictions.with_columns(bboxes=bboxes, scores=scores).keep(keep)


def decide(
    gt: GroundTruth,
    predictions: Predictions,
    trial: int,
    num_images: int,
    policy: GatePolicy,
    dropped: float = 0.0,
    seeds: int = 1,
) -> str:
    """Gate a variant against a worse one, or one as good, on random images."""
    rng = np.random.default_rng(trial)
    chosen = np.sort(rng.permutation(len(gt.images))[:num_images])
    part, found = gt.take(chosen), predictions.take(chosen)

    def side(number: int, share: float) -> list[Evidence]:
        first = 2 * seeds * trial + seeds * number
        tables = [variant(found, first + k, share) for k in range(seeds)]
        return [Evidence(f"run{k}", part, table, k) for k, table in enumerate(tables)]

    return gate(side(0, 0.0), side(1, dropped), policy).decision


def calibration(gt: GroundTruth, predictions: Predictions, args: argparse.Namespace) -> None:
    """Print how often each verdict falls when nothing changed."""
    policy = GatePolicy(num_resamples=args.resamples)
    for seeds, trials in ((1, args.trials), (2, args.trials // 4)):
        counts: Counter[str] = Counter()
        for trial in range(trials):
            counts[decide(gt, predictions, trial, args.num_images, policy, seeds=seeds)] += 1
            if (trial + 1) % 250 == 0 or trial + 1 == trials:
                shares = ", ".join(f"{k} {v / (trial + 1):.1%}" for k, v in sorted(counts.items()))
                print(
                    f"no difference, {args.num_images} images, {seeds} seed(s) a side, after "
                    f"{trial + 1} trials: {shares}",
                    flush=True,
                )


def power_curve(gt: GroundTruth, predictions: Predictions, args: argparse.Namespace) -> None:
    """Print how often a true difference is accepted, by its size and the number of images."""
    policy = GatePolicy(num_resamples=args.power_resamples)
    print("\naccepted, by true difference in mAP50 and number of val images")
    print("| true difference | " + " | ".join(str(n) for n in NUM_IMAGES) + " |")
    print("|---|" + "---|" * len(NUM_IMAGES))
    for dropped in DROPPED:
        pairs = [
            (variant(predictions, 2 * k), variant(predictions, 2 * k + 1, dropped))
            for k in range(5)
        ]
        true = np.mean([score(gt, a).value - score(gt, b).value for a, b in pairs])
        shares = []
        for num_images in NUM_IMAGES:
            decisions = [
                decide(gt, predictions, trial, num_images, policy, dropped)
                for trial in range(args.power_trials)
            ]
            shares.append(f"{decisions.count('accept') / len(decisions):.0%}")
        print(f"| {true:.4f} | " + " | ".join(shares) + " |", flush=True)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--num-images", type=int, default=977, help="a fifth of the data set")
    parser.add_argument("--power-trials", type=int, default=100)
    parser.add_argument("--power-resamples", type=int, default=500)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the calibration, then the power curve."""
    args = parse_args(argv)
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = SHARED_DATA / "predictions" / "train_faster_rcnn.csv"
    predictions = read_submission(path, "trash", gt.images, gt.categories)
    calibration(gt, predictions, args)
    if args.power_trials:
        power_curve(gt, predictions, args)


if __name__ == "__main__":
    main()
