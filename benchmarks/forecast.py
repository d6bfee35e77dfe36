"""How often the forecast of the private board holds what comes, in simulated competitions.

Submissions are real: four folds of a Cascade R-CNN Swin-T and their ensembles, scored against a
pseudo-truth on val, public and private images that are drawn anew for each competition, so that
what a board says of one submission beside what it says of all is real noise. What all have in
common comes from the field: public lies .007 to .029 below val, private .013 to .016 below public.

python -m benchmarks.forecast [--competitions 200] [--submissions 8]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import combinations

import numpy as np

from benchmarks.pairs import read_folds
from custom.boxes import FloatArray
from custom.ensemble import FusionConfig, fuse
from custom.evaluation import match_for, score_matches
from custom.leaderboard.ledger import Entry
from custom.leaderboard.policy import Policy
from custom.leaderboard.report import make_report

# Images of a fold, and of half of the test set.
NUM_VAL, NUM_BOARD = 977, 2435
GAPS, DROPS = (0.007, 0.029), (0.013, 0.016)
NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
# How well val says that it is known: the half-width of its interval.
CASES = {"val known to .018": 0.018, "val known to .009": 0.009, "no interval of val": None}


def boards(competitions: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return what each model scores beside what all do, and how good each is.

    Returns:
        Shape (K, 3, M): on val, public and private, less the mean over models; and shape (M,), the
        models' values on all images.
    """
    gt, folds = read_folds()
    chosen = [some for size in (2, 3, 4) for some in combinations(folds, size)]
    ensembles = [fuse(some, gt.images, FusionConfig("wbf", 0.55)) for some in chosen]
    models = [match_for(gt, model, "AP50") for model in (*folds, *ensembles)]
    rng, num = np.random.default_rng(seed), len(gt.images)
    values = np.empty((competitions, 3, len(models)))
    for k in range(competitions):
        for board, size in enumerate((NUM_VAL, NUM_BOARD, NUM_BOARD)):
            weights = np.bincount(rng.integers(0, num, size), minlength=num)
            values[k, board] = [score_matches(each, "AP50", weights).value for each in models]
    true = np.array([score_matches(each).value for each in models])
    values -= true
    return values - values.mean(axis=2, keepdims=True), true


def competition(
    noise: FloatArray, true: FloatArray, rng: np.random.Generator, num: int
) -> FloatArray:
    """Return the val, public and private scores of some of the models, shape (3, S)."""
    gap, drop = rng.uniform(*GAPS), rng.uniform(*DROPS)
    offsets = np.array([0.0, -gap, -gap - drop])
    chosen = rng.permutation(len(true))[:num]
    return (true + noise + offsets[:, None])[:, chosen]


def held(
    scores: FloatArray, half: float | None, num_known: int, drop: float
) -> list[tuple[float, float, float]]:
    """Return for each submission whose private score is to come: held, miss and width."""
    entries = []
    for index, (val, public, private) in enumerate(scores.T.tolist()):
        interval = None if half is None else (val - half, val + half)
        entries.append(
            Entry(
                f"2026-11-{index + 1:02d}T10:00:00+00:00", f"sub{index}", f"hash{index}", public,
                private if index < num_known else None, val, interval, "split",
            )
        )  # fmt: skip
    policy = Policy(drop=drop)
    rows = make_report(entries, policy, NOW).rows[num_known:]
    results = []
    for row, private in zip(rows, scores[2, num_known:].tolist(), strict=True):
        assert row.private is not None
        low, high = row.private.low, row.private.high
        results.append((low <= private <= high, row.private.value - private, high - low))
    return results


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--competitions", type=int, default=200)
    parser.add_argument("--submissions", type=int, nargs="+", default=[4, 8, 14])
    parser.add_argument("--drops", type=float, nargs="+", default=[0.0145, 0.0])
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the coverage by what is known of val, the number of submissions and what is assumed."""
    args = parse_args(argv)
    noise, true = boards(args.competitions)
    val, public, private = noise.std(axis=(0, 2)).tolist()
    print(f"{len(true)} models, mAP50 {true.min():.3f} to {true.max():.3f} on all images")
    print(f"single scores scatter by {val:.4f} on val, {public:.4f} and {private:.4f} on boards")
    print("\n| drop assumed | submissions | private known | " + " | ".join(CASES) + " | width |")
    print("|---|---|---|" + "---|" * (len(CASES) + 1))
    for drop in args.drops:
        for num in args.submissions:
            for num_known in (0, 2):
                cells, width = [], 0.0
                for half in CASES.values():
                    rng = np.random.default_rng(1)
                    found = [
                        each
                        for k in range(args.competitions)
                        for each in held(
                            competition(noise[k], true, rng, num), half, num_known, drop
                        )
                    ]
                    covered, bias, width = np.mean(found, axis=0).tolist()
                    cells.append(f"{covered:.1%} (bias {bias:+.4f})")
                print(f"| {drop:g} | {num} | {num_known} | {' | '.join(cells)} | {width:.4f} |")


if __name__ == "__main__":
    main()
