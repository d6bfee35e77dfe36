"""How often the gate accepts when nothing changed, and how often when something did.

Both sides are real detectors mixed image by image (`benchmarks/pairs.py`): swapped at random for
equal sides, and by more than chance for a gain. Val sets are drawn from all images, with
replacement.

python -m benchmarks.gate_calibration [--parts nulls power] [--trials 1000] [--power-trials 60]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from benchmarks.pairs import Pair, Pool, read_folds
from custom.boxes import FloatArray
from custom.ensemble import FusionConfig, fuse
from custom.evaluation import Matches, bootstrap_ap, score_matches
from custom.gate import GatePolicy
from custom.gate.decision import decision_on
from custom.gate.difference import Difference
from custom.gate.plan import chance_of_accepting
from custom.tables import Predictions

GAINS = (0.005, 0.01, 0.02)
# What is compared, and on what share of the images both sides have the same predictions.
KINDS = (
    ("two folds", 0.0),
    ("two folds, half of the images alike", 0.5),
    ("an ensemble and one of its folds", 0.0),
    ("the same, 60% of the images alike", 0.6),
)
NUM_IMAGES = (300, 1000, 5000)
NAMES = tuple(f"class {k}" for k in range(10))


def variant(predictions: Predictions, seed: int, dropped: float = 0.0) -> Predictions:
    """Return another model: boxes moved by 5% of their sides, scores by 0.05, some dropped."""
    rng = np.random.default_rng(seed)
    sides = np.tile(predictions.bboxes[:, 2:] - predictions.bboxes[:, :2], 2)
    bboxes = predictions.bboxes + rng.normal(0, 0.05, sides.shape) * sides
    bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
    scores = np.clip(predictions.scores + rng.normal(0, 0.05, predictions.num_boxes), 0, 1)
    keep = rng.uniform(size=predictions.num_boxes) >= dropped
    return predictions.with_columns(bboxes=bboxes, scores=scores).keep(keep)


def compare(sides: Sequence[Matches], resamples: int, seed: int) -> tuple[Difference, FloatArray]:
    """Return the difference of two sides of one run, and each resample's two mAP50, (2, R)."""
    values, samples = [], []
    for side in sides:
        result = score_matches(side)
        values.append(np.append(result.per_class, result.value))
        samples.append(bootstrap_ap(side, resamples, seed))
    both = samples[0] - samples[1]
    difference = Difference(
        values[0],
        values[1],
        both,
        result.num_gt,
        sides[0].num_images,
        1,
        1,
        float(both[:, -1].std()),
        None,
    )
    return difference, np.stack([each[:, -1] for each in samples])


def nulls(pool: Pool, args: argparse.Namespace) -> None:
    """Print how often each verdict falls when nothing changed."""
    policy = GatePolicy()
    pairs = [Pair(a, b, lead=0.5) for a, b in combinations(range(len(pool.models) - 1), 2)]
    print("no difference: | val images | trials | accept | inconclusive | reject |")
    for num_images in args.null_images:
        counts: Counter[str] = Counter()
        for trial in range(args.trials):
            rng = np.random.default_rng([7, num_images, trial])
            sides = pairs[trial % len(pairs)].draw(pool, num_images, rng)
            difference, _ = compare(sides, args.resamples, trial)
            counts[decision_on(difference, NAMES, policy)] += 1
        shares = [counts[k] / args.trials for k in ("accept", "inconclusive", "reject")]
        cells = " | ".join(f"{share:.2%}" for share in shares)
        print(f"| {num_images} | {args.trials} | {cells} |", flush=True)


def power(pool: Pool, args: argparse.Namespace) -> None:
    """Print how often a gain is accepted, by its size, the images and the models' correlation."""
    print("| compared | correlation | true gain | " + " | ".join(map(str, NUM_IMAGES)) + " |")
    print("|---" * (3 + len(NUM_IMAGES)) + "|")
    values = [pool.value(k) for k in range(len(pool.models))]
    ensemble = len(values) - 1
    best = int(np.argmax(values[:ensemble]))
    for name, shared in KINDS:
        better = best if "two" in name else ensemble
        pairs = [Pair(better, k, shared) for k in range(ensemble) if k != best]
        for gain in GAINS:
            reach = [values[better] - values[pair.worse] for pair in pairs]
            mixed = [
                replace(pair, lead=0.5 + 0.5 * gain / (1 - shared) / most)
                for pair, most in zip(pairs, reach, strict=True)
                if gain <= (1 - shared) * most
            ]
            if mixed:
                found = [measured(pool, mixed, gain, num, args) for num in NUM_IMAGES]
                cells, correlations = zip(*found, strict=True)
                start = f"| {name} | {np.mean(correlations):.2f} | {gain:g} "
                print(f"{start}| {' | '.join(cells)} |", flush=True)


def measured(
    pool: Pool, pairs: Sequence[Pair], gain: float, num_images: int, args: argparse.Namespace
) -> tuple[str, float]:
    """Return how often the gain was accepted, what `gate.py --plan` says, and the correlation."""
    policy, accepted = GatePolicy(), 0
    errors, correlations = [], []
    for trial in range(args.power_trials):
        rng = np.random.default_rng([num_images, trial])
        sides = pairs[trial % len(pairs)].draw(pool, num_images, rng)
        difference, both = compare(sides, args.power_resamples, trial)
        accepted += decision_on(difference, NAMES, policy) == "accept"
        errors.append(difference.image_error)
        correlations.append(np.corrcoef(both)[0, 1])
    planned = chance_of_accepting(gain, float(np.mean(errors)), policy)
    return f"{accepted / args.power_trials:.0%} ({planned:.0%})", float(np.mean(correlations))


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=["nulls", "power"])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--null-images", type=int, nargs="+", default=[300, 977])
    parser.add_argument("--power-trials", type=int, default=60)
    parser.add_argument("--power-resamples", type=int, default=150)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the calibration, then the power, with what the gate plans with in brackets."""
    args = parse_args(argv)
    gt, folds = read_folds()
    ensemble = fuse(folds, gt.images, FusionConfig("wbf", 0.55))
    pool = Pool.of(gt, [*folds, ensemble])
    for part in args.parts:
        {"nulls": nulls, "power": power}[part](pool, args)


if __name__ == "__main__":
    main()
