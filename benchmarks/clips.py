"""How far an interval is off that draws the frames of videos one by one, and one that draws clips.

A clip is an image several times over, as the frames of a slow video are: each frame has the same
boxes, and what a real detector predicted there, jittered anew (boxes by 5% of their sides, scores
by .05). Val sets are clips of 1 to 15 frames of random images; the truth is the value on all clips.

python -m benchmarks.clips [--clips 100] [--trials 300]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.gate_calibration import variant
from benchmarks.pairs import Pool, read_folds
from custom.evaluation import bootstrap_ap, score_matches
from custom.evaluation.bootstrap import interval_of, paired_interval_of

NUM_JITTERS = 4
FRAMES = (1, 15)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the coverage of both for one detector and for the difference of two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=200)
    args = parser.parse_args(argv)
    gt, folds = read_folds()
    pool = Pool.of(gt, [variant(fold, k) for fold in folds[:2] for k in range(NUM_JITTERS)])
    values = np.array([pool.value(k) for k in range(2 * NUM_JITTERS)]).reshape(2, -1).mean(axis=1)
    found = []
    for trial in range(args.trials):
        rng = np.random.default_rng(trial)
        clips = np.repeat(np.arange(args.clips), rng.integers(*FRAMES, args.clips, endpoint=True))
        images = rng.integers(0, pool.num_images, args.clips)[clips]
        jitters = rng.integers(0, NUM_JITTERS, len(images))
        sides = [pool.draw(images, k * NUM_JITTERS + jitters) for k in range(2)]
        for groups in (np.arange(len(images)), clips):
            samples = [bootstrap_ap(side, args.resamples, trial, groups)[:, -1:] for side in sides]
            one = [float(end[0]) for end in interval_of(samples[0], 0.95)]
            both = [float(end[0]) for end in paired_interval_of(samples[0] - samples[1], 0.95)]
            found.append(
                [
                    one[0] <= values[0] <= one[1], one[1] - one[0],
                    both[0] <= values[0] - values[1] <= both[1], both[1] - both[0],
                    score_matches(sides[0]).value - values[0],
                ]
            )  # fmt: skip
    results = np.array(found).reshape(args.trials, 2, -1)
    print(f"{args.clips} clips of {FRAMES[0]} to {FRAMES[1]} frames, {args.trials} trials")
    print("| drawn | one detector covered | width | difference covered | width |")
    print("|---|---|---|---|---|")
    for k, name in enumerate(("images", "clips")):
        one, width, both, width_both, bias = results[:, k].mean(axis=0)
        print(f"| {name} | {one:.1%} | {width:.4f} | {both:.1%} | {width_both:.4f} |")
    print(f"value on a val set less the truth: {bias:+.4f}")


if __name__ == "__main__":
    main()
