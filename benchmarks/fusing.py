"""Fusing and the ensemble search beside ensemble-boxes, in one run, on real predictions.

ensemble-boxes is called image by image; its boxes are scaled to 0..1 and put in lists before the
clock starts, and its own compiled functions are warm. Ours is timed from tables to table, checks
included. Ratios are of the fastest rounds: by the clock (ours uses all cores, the other cannot),
and by processor time, which other work on the machine changes little.

python -m benchmarks.fusing [--parts methods process compile memory growth search quality]
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._ratio import heading, measure, print_ratio
from custom.ensemble import CONF_TYPES, FusionConfig, dedupe, fuse_prepared, fuse_with_notes
from custom.ensemble.reference import _call, _inputs
from custom.evaluation import score
from custom.submission import read_submission
from custom.tables import Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA

PREDICTIONS = SHARED_DATA / "predictions"
FIVE = [PREDICTIONS / f"test_cascade_swin_t_{name}.csv" for name in ("1", "2", "3", "4", "all")]
SIDE = 1024
IOU_THR, SKIP_BOX_THR = 0.5, 0.05
COMPARED = ("wbf", "soft_nms", "soft_nms_linear", "nmw", "nms")


def read_five() -> tuple[list[Predictions], Images]:
    """Return the five real submissions and their images."""
    listed = read_ground_truth(SHARED_DATA / "trash-gt" / "test.json")
    images, categories = listed.images, listed.categories
    return [read_submission(path, "trash", images, categories) for path in FIVE], images


def reference_loop(models: Sequence[Predictions], config: FusionConfig) -> Callable[[], list[Any]]:
    """Return what fuses with ensemble-boxes, its lists made."""
    call, scale = _call(config), np.full(4, float(SIDE))
    inputs = []
    for image in range(models[0].num_images):
        columns = [_inputs(model, image, scale, config.skip_box_thr) for model in models]
        inputs.append([list(column) for column in zip(*columns, strict=True)])
    some = [each for each in inputs if any(len(scores) for scores in each[1])]
    # Its functions change the scores that they are given when there are weights; there are none.
    return lambda: [call(*each) for each in some]


def methods(rounds: int) -> None:
    """Print each method's ratio."""
    models, images = read_five()
    heading(f"{sum(model.num_boxes for model in models):,} boxes, 5 models")
    for method in COMPARED:
        config = FusionConfig(method, IOU_THR, SKIP_BOX_THR)
        theirs = reference_loop(models, config)
        reference_loop([model.take([0, 1, 2]) for model in models], config)()
        run = partial(fuse_with_notes, models, images, config)
        run()
        print_ratio(method, measure(run, rounds), measure(theirs, max(1, rounds // 5)))


def process(rounds: int) -> None:
    """Print the ratio of whole processes, from five CSV files to one on disk."""
    heading("cold process, CSV to CSV, WBF")
    with tempfile.TemporaryDirectory() as folder:
        settings = ["--iou-thr", "0.5", "--skip-box-thr", "0.05"]
        listing = ["--images", str(SHARED_DATA / "trash-gt" / "test.json")]
        tool = ["tools/ensemble.py", *map(str, FIVE), *settings, *listing]
        ours = [sys.executable, *tool, "--out", folder, "--name", "five", "--overwrite"]
        theirs = [sys.executable, "-m", "benchmarks.fusing", "--reference-process", folder]
        _call_process(ours)
        print_ratio(
            "tools/ensemble.py",
            measure(lambda: _call_process(ours), rounds),
            measure(lambda: _call_process(theirs), max(1, rounds // 5)),
        )


def _call_process(command: Sequence[str]) -> str:
    """Run a command as a user does: Python keeps what it compiled, whatever is set here."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return result.stdout


def reference_process(folder: str) -> None:
    """Do what a team's script does: csv module, ensemble-boxes by image, csv module."""
    from ensemble_boxes import weighted_boxes_fusion

    rows = []
    for path in FIVE:
        with open(path, newline="") as stream:
            rows.append(
                {row["image_id"]: row["PredictionString"] for row in csv.DictReader(stream)}
            )
    with open(Path(folder) / "reference.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PredictionString", "image_id"])
        for image_id in rows[0]:
            values = [
                np.array(model[image_id].split(), dtype=np.float64).reshape(-1, 6) for model in rows
            ]
            bboxes, scores, labels = weighted_boxes_fusion(
                [each[:, 2:] / SIDE for each in values],
                [each[:, 1] for each in values],
                [each[:, 0] for each in values],
                iou_thr=0.5,
                skip_box_thr=0.05,
            )
            text = " ".join(
                f"{int(label)} {score} {' '.join(map(str, box * SIDE))}"
                for box, score, label in zip(bboxes, scores, labels, strict=True)
            )
            writer.writerow([text, image_id])


COMPILE = """
import time; from benchmarks._ratio import measure
import numpy as np
from custom.tables import Images, Predictions
from custom.ensemble import METHODS, FusionConfig, fuse
images = Images([1], ("a",), np.array([[9, 9]]))
model = Predictions.from_rows([1], [0, 0], [[0, 0, 5, 5], [0, 0, 5, 6]], [.5, .4], [0, 0])
def run():
    for method in METHODS: fuse([model, model], images, FusionConfig(method=method))
seconds = measure(run, 1)
print(f"{seconds.clock:.1f} s by the clock, {seconds.processor:.1f} s of cpu")
"""


def compile_time(rounds: int) -> None:
    """Print how long the first call of all methods takes, with an empty and a filled cache."""
    print("\nfirst call of all methods in a new process")
    with tempfile.TemporaryDirectory() as folder:
        for what in ("compiling (once on a machine)", "from the cache"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            command = [sys.executable, "-c", COMPILE]
            result = subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment
            )
            print(f"{what:<34}{result.stdout.strip()}")


def replicate(models: Sequence[Predictions], images: Images, times: int, seed: int = 0) -> tuple:
    """Return tables with `times` as many images, the boxes of each copy moved a little."""
    names = tuple(f"{copy}/{name}" for copy in range(times) for name in images.file_names)
    sizes = np.tile(images.sizes_hw, (times, 1))
    many = Images(np.arange(len(names)), names, sizes)
    rng = np.random.default_rng(seed)
    tables = []
    for model in models:
        starts = np.arange(times)[:, None] * model.num_boxes
        offsets = np.append((model.offsets[:-1] + starts).ravel(), times * model.num_boxes)
        bboxes = np.tile(model.bboxes, (times, 1))
        bboxes *= 1 - 1e-3 * rng.random((len(bboxes), 1))
        columns = (np.tile(model.scores, times), np.tile(model.labels, times))
        tables.append(Predictions(many.ids, offsets, bboxes, *columns))
    return tables, many


def crowd(models: Sequence[Predictions], times: int, seed: int = 0) -> list[Predictions]:
    """Return tables with `times` as many boxes on the same images, moved a little."""
    rng = np.random.default_rng(seed)
    tables = []
    for model in models:
        bboxes = np.repeat(model.bboxes, times, axis=0)
        bboxes *= 1 - 0.3 * rng.random((len(bboxes), 1))
        scores = np.repeat(model.scores, times) * rng.uniform(0.9, 1.0, len(bboxes))
        labels = np.repeat(model.labels, times)
        tables.append(Predictions(model.image_ids, model.offsets * times, bboxes, scores, labels))
    return tables


def growth(rounds: int) -> None:
    """Print how time grows with the number of images, and with the boxes of an image."""
    models, images = read_five()
    print(f"\n{'WBF, more images':<18}{'boxes':>13}{'clock s':>10}{'cpu s':>9}{'cpu us a box':>14}")
    for times in (1, 10, 100):
        tables, many = replicate(models, images, times)
        _print_growth(f"{times}x", tables, many, 1 if times == 100 else rounds)
        del tables
    print("more boxes an image")
    for times in (2, 4, 8):
        _print_growth(f"{times}x", crowd(models, times), images, 1)


def _print_growth(what: str, tables: list[Predictions], images: Images, rounds: int) -> None:
    boxes = sum(table.num_boxes for table in tables)
    config = FusionConfig("wbf", IOU_THR, SKIP_BOX_THR)
    seconds = measure(lambda: fuse_prepared(tables, images.sizes_hw, config), rounds)
    each = 1e6 * seconds.processor / boxes
    print(f"{what:<18}{boxes:>13,}{seconds.clock:>10.2f}{seconds.processor:>9.2f}{each:>14.2f}")


MEMORY = """
import sys; from pathlib import Path
import numpy as np
from custom.ensemble import FusionConfig, fuse
from custom.tables import Images
from benchmarks.fusing import read_five, replicate
def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))
config = FusionConfig(method=sys.argv[1], iou_thr=0.5, skip_box_thr=float(sys.argv[2]))
models, images = read_five()
fuse([model.take([0]) for model in models], images.take([0]), config)
models, images = replicate(models, images, int(sys.argv[3]))
size = sum(column.nbytes for m in models for column in (m.bboxes, m.scores, m.labels, m.offsets))
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
fused = fuse(models, images, config)
print(f"{size / 1e6:>10.0f}{(status('VmHWM') - before) / 1e6:>12.0f}"
      f"{1 + (status('VmHWM') - before) / size:>16.2f}x")
"""


def memory(rounds: int) -> None:
    """Print the peak of memory beside the tables; the last column counts the tables too."""
    print(f"\n{'memory':<30}{'tables MB':>10}{'beside MB':>12}{'with the tables':>17}")
    runs = [("wbf", "0.05", 1), ("wbf", "0.05", 10), ("wbf", "0.05", 100), ("nms", "0", 10),
            ("soft_nms", "0", 10)]  # fmt: skip
    for method, skip, times in runs:
        command = [sys.executable, "-c", MEMORY, method, skip, str(times)]
        print(f"{f'{method}, skip {skip}, {times}x':<30}{_call_process(command).rstrip()}")


def search(rounds: int) -> None:
    """Print how long 300 trials take over two models and 4,883 images."""
    from custom.ensemble.search import search as search_recipe
    from custom.ensemble.search.studies import SearchSettings

    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = PREDICTIONS / "train_faster_rcnn.csv"
    given = read_submission(path, "trash", gt.images, gt.categories)
    models = [jittered(given, seed) for seed in (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        settings = SearchSettings(trials=300, storage=Path(folder) / "search.log")
        results: list[Any] = []
        seconds = measure(lambda: results.append(search_recipe(models, gt, settings)), 1)
    result = results[0]
    print(f"\nsearch, 300 trials and 300 without the inner folds, {len(gt.images)} images")
    print(f"{seconds.clock:.1f} s by the clock, {seconds.processor:.1f} s of cpu")
    print(f"{'':<34}{'all images':>12}{'cross_validated':>9}")
    print(f"{'searched':<34}{result.chosen.in_sample:>12.4f}{result.chosen.cross_validated:>9.4f}")
    for name, each in result.references.items():
        print(f"{name:<34}{each.in_sample:>12.4f}{each.cross_validated:>9.4f}")


def quality(rounds: int) -> None:
    """Print what each method scores with two models, and where one repeats its boxes."""
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = PREDICTIONS / "train_faster_rcnn.csv"
    given = read_submission(path, "trash", gt.images, gt.categories)
    two = [jittered(given, 1), jittered(given, 2)]
    loud = [two[0], repeating(two[1], 3)]
    fusions = {
        "NMS": FusionConfig("nms"),
        "DIoU-NMS": FusionConfig("diou_nms"),
        "soft-NMS, scores as they came": FusionConfig("soft_nms"),
        "soft-NMS, decayed": FusionConfig("soft_nms", decay_scores=True),
        "NMW": FusionConfig("nmw"),
        **{f"WBF, {conf_type}": FusionConfig(conf_type=conf_type) for conf_type in CONF_TYPES},
    }
    print("\nAP50 of two models; where the second repeats its boxes; and with these removed")
    for k, model in enumerate(two):
        print(f"{f'model {k + 1} alone':<34}{score(gt, model).value:>8.4f}")
    for name, config in fusions.items():
        cases = (two, loud, [dedupe(model) for model in loud])
        values = [
            score(gt, fuse_prepared(case, gt.images.sizes_hw, config)).value for case in cases
        ]
        print(f"{name:<34}{values[0]:>8.4f}{values[1]:>8.4f}{values[2]:>8.4f}")


def repeating(model: Predictions, seed: int, times: int = 5) -> Predictions:
    """Return a model that repeats each box, a little moved, with low scores."""
    rng = np.random.default_rng(seed)
    bboxes = np.repeat(model.bboxes, times + 1, axis=0)
    scores = np.repeat(model.scores, times + 1)
    copies = np.arange(len(scores)) % (times + 1) > 0
    bboxes[copies] *= 1 - 0.01 * rng.random((copies.sum(), 1))
    scores[copies] *= rng.uniform(0.01, 0.1, copies.sum())
    labels = np.repeat(model.labels, times + 1)
    offsets = model.offsets * (times + 1)
    return Predictions(model.image_ids, offsets, bboxes, scores, labels, model.source)


def jittered(given: Predictions, seed: int) -> Predictions:
    """Return a model made from another: boxes and scores moved, a tenth left out."""
    rng = np.random.default_rng(seed)
    bboxes = (given.bboxes + rng.normal(0.0, 8.0, given.bboxes.shape)).clip(0.0, SIDE)
    scores = (given.scores + rng.normal(0.0, 0.1, given.num_boxes)).clip(0.01, 1.0)
    kept = (bboxes[:, 2:] - bboxes[:, :2] > 1.0).all(axis=1) & (rng.random(len(scores)) > 0.1)
    moved = given.with_columns(bboxes=bboxes, scores=scores)
    return moved.keep(kept)


PARTS: dict[str, Callable[[int], None]] = {
    "methods": methods,
    "process": process,
    "compile": compile_time,
    "memory": memory,
    "growth": growth,
    "search": search,
    "quality": quality,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reference-process", metavar="FOLDER", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.reference_process:
        reference_process(args.reference_process)
        return
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    for part in args.parts:
        PARTS[part](args.rounds)


if __name__ == "__main__":
    main()
