"""Whether the automatic choice of a fusion ends below the best single model, on images unseen.

Half of the images, drawn at random, choose; the other half scores the choice, the best single
model of the first half and the old default (WBF at IoU .55). Repeated over seeds. Real predictions
of a Faster R-CNN on the trash images are the weak model. The strong one is made from them and the
truth: most boxes that hit are moved towards the truth, most misses get lower scores, and some of
the boxes it missed are found. Blood cells and the drawn sample have models made from the truth by
errors of each model's own, or real ones by --runs.

python -m benchmarks.auto [--seeds 5] [--parts trash halves cells sample time] [--runs runs/*.json]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks._ratio import measure
from benchmarks.fusing import PREDICTIONS, jittered
from custom.ensemble import FusionConfig, fuse_prepared
from custom.ensemble.auto_report import auto_lines
from custom.ensemble.comparison import Comparison, compare
from custom.ensemble.inputs import read_inputs
from custom.ensemble.preparing import dedupe
from custom.ensemble.search.auto import AutoResult, choose_automatically
from custom.ensemble.search.selection import used_models
from custom.evaluation import DEFAULT_METRIC, bootstrap_metric, match_for, metric_of, score_matches
from custom.evaluation.counting import HIT
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA

METRIC = metric_of(DEFAULT_METRIC)
Models = list[Predictions]


def weak_and_truth() -> tuple[Predictions, GroundTruth]:
    """Return the real Faster R-CNN's predictions on the trash images, and their boxes."""
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = PREDICTIONS / "train_faster_rcnn.csv"
    return read_submission(path, "trash", gt.images, gt.categories), gt


def improved(gt: GroundTruth, model: Predictions, seed: int = 0) -> Predictions:
    """Return a stronger model, made from a real one and the truth."""
    rng = np.random.default_rng(seed)
    matches = match_for(gt, model, METRIC, keep_gt=True)
    assert matches.matched_gt is not None
    taken = matches.matched_gt[0, 0]
    is_hit = np.zeros(model.num_boxes, bool)
    is_hit[matches.rows] = matches.outcomes[0, 0] == HIT
    target = np.zeros_like(model.bboxes)
    target[matches.rows] = gt.bboxes[np.maximum(taken, 0)]
    moved = is_hit & (rng.random(model.num_boxes) < 0.7)
    bboxes = np.where(moved[:, None], (model.bboxes + target) / 2, model.bboxes)
    lowered = ~is_hit & (rng.random(model.num_boxes) < 0.6)
    scores = np.where(lowered, model.scores * 0.5, model.scores)
    lost = np.setdiff1d(np.arange(gt.num_boxes), taken[taken >= 0])
    found = lost[rng.random(len(lost)) < 0.4]
    noise = rng.normal(0.0, 6.0, (len(found), 4))
    added = np.clip(gt.bboxes[found] + noise, 0.0, np.tile(gt.images.sizes_hw[0, ::-1], 2))
    kept = (added[:, 2:] - added[:, :2] > 2).all(axis=1)
    found, added = found[kept], added[kept]
    return Predictions.from_rows(
        gt.images.ids,
        np.concatenate([model.image_index, gt.image_index[found]]),
        np.concatenate([bboxes, added]),
        np.concatenate([scores, rng.uniform(0.3, 0.9, len(found))]),
        np.concatenate([model.labels, gt.labels[found]]),
        "strong",
    )


def made(gt: GroundTruth, seed: int, noise: float, found: float) -> Predictions:
    """Return a model made from the truth: boxes off by a share of their sides, some not found."""
    rng = np.random.default_rng(seed)
    hit = np.flatnonzero(rng.random(gt.num_boxes) < found)
    # False boxes, near true ones: a shifted copy, often of another class.
    false = rng.choice(gt.num_boxes, gt.num_boxes // 2)
    rows = np.concatenate([hit, false])
    sides = np.tile(gt.bboxes[rows, 2:] - gt.bboxes[rows, :2], 2)
    off = np.concatenate([np.full(len(hit), noise), np.full(len(false), 0.6)])[:, None]
    bboxes = gt.bboxes[rows] + rng.normal(0.0, 1.0, sides.shape) * sides * off
    images = np.searchsorted(gt.offsets, rows, side="right") - 1
    bboxes = np.clip(bboxes, 0.0, np.tile(gt.images.sizes_hw[images][:, ::-1], 2))
    # What is easy for one model is easy for the others.
    easy = np.random.default_rng(0).beta(4, 2, gt.num_boxes)[hit]
    seen = (easy + rng.normal(0.0, 0.1, len(hit))).clip(0.01, 1.0)
    scores = np.concatenate([seen, 0.9 * rng.beta(2, 4, len(false))])
    kept = (bboxes[:, 2:] - bboxes[:, :2] > 2).all(axis=1)
    columns = (bboxes[kept], scores[kept], gt.labels[rows][kept])
    model = Predictions.from_rows(gt.images.ids, images[kept], *columns, f"model {seed}")
    return dedupe(model, 0.6)


def against_best(
    gt: GroundTruth, fused: Predictions, single: Predictions
) -> tuple[Comparison, float]:
    """Return a fusion against a single model, and the fusion's score."""
    pair = [match_for(gt, table, METRIC) for table in (fused, single)]
    values = [score_matches(each, METRIC).value for each in pair]
    samples = [bootstrap_metric(each, METRIC)[:, -1] for each in pair]
    return compare(values[0], values[1], samples[0], samples[1], METRIC), values[0]


def fuse_as(result: AutoResult, models: Sequence[Predictions], gt: GroundTruth) -> Predictions:
    """Fuse as was chosen."""
    tables = [dedupe(model) for model in models] if result.chosen.dedupe else list(models)
    return fuse_prepared(tables, gt.images.sizes_hw, result.chosen.config)


def halves(what: str, gt: GroundTruth, models: Models, seeds: int, most: int | None = None) -> None:
    """Print, by seed, what one half of some images chose and what it is worth on the other."""
    for seed in range(seeds):
        shuffled = np.random.default_rng(seed).permutation(len(gt.images))[:most]
        part, rest = (np.sort(half) for half in np.array_split(shuffled, 2))
        result = choose_automatically([m.take(part) for m in models], gt.take(part), METRIC)
        truth, tables = gt.take(rest), [model.take(rest) for model in models]
        single = tables[result.single]
        own, value = against_best(truth, fuse_as(result, tables, truth), single)
        default = fuse_prepared(tables, truth.images.sizes_hw, FusionConfig())
        old, old_value = against_best(truth, default, single)
        config = result.chosen.config
        used = len(used_models(config, len(models)))
        chosen = "alone" if result.chosen.is_alone else f"{config.method} of {used}"
        said = result.comparison.verdict
        print(
            f"{what:30}{own.other:8.4f}  {chosen:16}{value:8.4f} {own!s:36} {own.verdict:20}"
            f"said: {said:20} default {old_value:.4f} {old.verdict}"
        )


HEAD = f"{'':30}{'single':>8}  {'chosen':16}{'scores':>8} against the best single model"


def trash(seeds: int, runs: Sequence[str]) -> None:
    """Print the strong and the weak model, and two equal ones, on the trash images."""
    weak, gt = weak_and_truth()
    strong = improved(gt, weak)
    cases = {
        "strong and weak": [strong, weak],
        "two strong": [strong, improved(gt, jittered(weak, 3), 1)],
        "two jittered": [jittered(weak, 1), jittered(weak, 2)],
    }
    print(f"\n{HEAD}")
    for name, models in cases.items():
        halves(f"{name}, 4,883 images", gt, models, seeds)
        halves(f"{name}, 600 images", gt, models, seeds, 600)


def cells(seeds: int, runs: Sequence[str]) -> None:
    """Print models made from the truth of the blood cells."""
    gt = read_ground_truth(SHARED_DATA / "bccd" / "train.json")
    print(f"\n{HEAD}")
    models = [made(gt, 1, 0.05, 0.95), made(gt, 2, 0.06, 0.93)]
    halves("blood cells, alike", gt, models, seeds)
    models = [made(gt, 1, 0.05, 0.95), made(gt, 3, 0.15, 0.7)]
    halves("blood cells, unlike", gt, models, seeds)


def sample(seeds: int, runs: Sequence[str]) -> None:
    """Print models made from the truth of the drawn sample."""
    from tools.make_sample import main as draw

    with tempfile.TemporaryDirectory() as folder:
        draw([str(Path(folder) / "sample"), "--seed", "42"])
        gt = read_ground_truth(Path(folder) / "sample" / "train.json")
    print(f"\n{HEAD}")
    models = [made(gt, 1, 0.06, 0.8), made(gt, 2, 0.08, 0.75)]
    halves("sample, alike", gt, models, seeds)
    models = [made(gt, 1, 0.04, 0.9), made(gt, 3, 0.15, 0.5)]
    halves("sample, unlike", gt, models, seeds)


def of_runs(seeds: int, runs: Sequence[str]) -> None:
    """Print real runs on the images that they have not seen, all of them and by halves."""
    inputs = read_inputs(runs)
    assert inputs.val is not None
    gt, models = inputs.val.gt, list(inputs.val.models)
    result = choose_automatically(models, gt, METRIC)
    print("\n" + "\n".join(auto_lines(result, inputs.val.names, METRIC)))
    print(HEAD)
    halves("runs", gt, models, seeds)


def time(seeds: int, runs: Sequence[str]) -> None:
    """Print what the choice costs, for two models on 4,883 images."""
    weak, gt = weak_and_truth()
    models = [jittered(weak, 1), jittered(weak, 2)]
    choose_automatically([m.take(np.arange(50)) for m in models], gt.take(np.arange(50)), METRIC)
    seconds = measure(lambda: choose_automatically(models, gt, METRIC), 5)
    print(f"\ntwo models, 4,883 images: {seconds.clock:.2f} s by the clock, "
          f"{seconds.processor:.2f} s of cpu")  # fmt: skip


PARTS: dict[str, Callable[[int, Sequence[str]], None]] = {
    "time": time,
    "cells": cells,
    "sample": sample,
    "trash": trash,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", nargs="+", default=(), help="trained models, in place of these")
    args = parser.parse_args(argv)
    if args.runs:
        of_runs(args.seeds, args.runs)
        return
    for part in args.parts:
        PARTS[part](args.seeds, args.runs)


if __name__ == "__main__":
    main()
