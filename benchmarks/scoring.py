"""Average precision from tables beside pycocotools and faster-coco-eval, in one run.

Every tool has read its input before the clock starts: what is timed is matching and averaging.
The tools take turns, once each a round, and the ratios are of their fastest rounds: by the clock,
and by processor time, which other work on the machine changes little.

python benchmarks/scoring.py [--repeats 5] [--growth]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np

from custom.evaluation import average_precision, match, score
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS
from custom.evaluation.reference import coco_eval, coco_tables
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import SHARED_DATA

WORKS: dict[str, tuple[tuple[float, ...], tuple[str, ...]]] = {
    "AP50, all sizes together": ((0.5,), ("all",)),
    "ten IoU thresholds, four area ranges": (COCO_IOU_THRS, tuple(COCO_AREAS)),
}
COLD_START = (
    "import time; from benchmarks.scoring import read, score; gt, p = read(); "
    "t, c = time.perf_counter(), time.process_time(); score(gt, p); "
    "print(time.perf_counter() - t, time.process_time() - c)"
)
Seconds = tuple[float, float]


def read() -> tuple[GroundTruth, Predictions]:
    """Return the real annotations and predictions."""
    gt = read_ground_truth(SHARED_DATA / "trash-gt" / "train.json")
    path = SHARED_DATA / "predictions" / "train_faster_rcnn.csv"
    return gt, read_submission(path, "trash", gt.images, gt.categories)


class Stopwatch:
    """Measures a block by the clock and by processor time; keeps every round."""

    def __init__(self) -> None:
        self.rounds: list[Seconds] = []

    def __enter__(self) -> None:
        self.start = (time.perf_counter(), time.process_time())

    def __exit__(self, *_: object) -> None:
        end = (time.perf_counter(), time.process_time())
        self.rounds.append((end[0] - self.start[0], end[1] - self.start[1]))

    @property
    def best(self) -> Seconds:
        """The fastest round by the clock, and the fastest by processor time."""
        return min(row[0] for row in self.rounds), min(row[1] for row in self.rounds)


def ours(
    gt: GroundTruth, predictions: Predictions, thrs: Sequence[float], areas: Sequence[str]
) -> float:
    """Return the mean AP, having computed that of every area range."""
    matches = match(gt, predictions, thrs, areas)
    values = [average_precision(matches, area) for area in areas]
    return float(np.nanmean(values[0]))


def pycocotools(
    gt: GroundTruth, predictions: Predictions, thrs: Sequence[float], areas: Sequence[str]
) -> Callable[[Stopwatch], float]:
    """Return what evaluates with pycocotools, its tables read."""

    def run(watch: Stopwatch) -> float:
        evaluation = coco_eval(gt, predictions, thrs, areas, tables=tables)
        with contextlib.redirect_stdout(io.StringIO()), watch:
            evaluation.evaluate()
            evaluation.accumulate()
        precision = evaluation.eval["precision"][:, :, :, 0, 0]
        return float(precision[precision > -1].mean())

    tables = coco_tables(gt, predictions)
    return run


def faster_coco_eval(
    gt: GroundTruth, predictions: Predictions, thrs: Sequence[float], areas: Sequence[str]
) -> Callable[[Stopwatch], float]:
    """Return what evaluates with faster-coco-eval, its tables read."""
    from faster_coco_eval import COCO, COCOeval_faster

    gt_tables, det_tables = coco_tables(gt, predictions)
    truth = COCO(gt_tables.dataset)
    found = truth.loadRes([dict(row) for row in det_tables.dataset["annotations"]])

    def run(watch: Stopwatch) -> float:
        evaluation = COCOeval_faster(truth, found, "bbox", print_function=lambda *_: None)
        evaluation.params.iouThrs = np.array(thrs)
        evaluation.params.areaRng = [list(COCO_AREAS[name]) for name in areas]
        evaluation.params.areaRngLbl = list(areas)
        evaluation.params.maxDets = [100]
        with watch:
            evaluation.evaluate()
            evaluation.accumulate()
        precision = evaluation.eval["precision"].reshape(len(thrs), 101, -1, len(areas), 1)
        precision = precision[:, :, :, 0, 0]
        return float(precision[precision > -1].mean())

    return run


def compare(gt: GroundTruth, predictions: Predictions, repeats: int) -> None:
    """Print the times side by side."""
    print(f"{predictions.num_boxes} boxes, {len(gt.images)} images, {os.cpu_count()} cores")
    for name, (thrs, areas) in WORKS.items():
        peers = {
            "pycocotools": pycocotools(gt, predictions, thrs, areas),
            "faster-coco-eval": faster_coco_eval(gt, predictions, thrs, areas),
        }
        expected = ours(gt, predictions, thrs, areas)
        watches = {tool: Stopwatch() for tool in ("podium", *peers)}
        for _ in range(repeats):
            with watches["podium"]:
                ours(gt, predictions, thrs, areas)
            for peer, run in peers.items():
                assert abs(run(watches[peer]) - expected) < 1e-9, peer
        clock, processor = watches["podium"].best
        print(f"\n{name}: AP {expected:.6f}, the same from all three")
        print(f"  {'':<18}{'clock':>13}{'ratio':>8}{'processor':>13}{'ratio':>8}")
        for tool, watch in watches.items():
            best = watch.best
            print(
                f"  {tool:<18}{1e3 * best[0]:10.1f} ms{best[0] / clock:7.1f}x"
                f"{1e3 * best[1]:10.1f} ms{best[1] / processor:7.1f}x"
            )


def memory(gt: GroundTruth, predictions: Predictions) -> None:
    """Print the peak of what matching and averaging allocate beside the tables' own size."""
    own = sum(
        getattr(table, name).nbytes
        for table, names in (
            (gt, ("offsets", "bboxes", "labels", "iscrowd", "area", "annotation_ids")),
            (predictions, ("image_ids", "offsets", "bboxes", "scores", "labels")),
        )
        for name in names
    )
    for name, (thrs, areas) in WORKS.items():
        tracemalloc.start()
        ours(gt, predictions, thrs, areas)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # What numba allocates is not traced: four arrays of the order by class and by image.
        peak += 16 * (predictions.num_boxes + gt.num_boxes)
        print(f"memory, {name}: {peak / 2**20:.1f} MiB, {peak / own:.2f}x the tables' own size")


def growth(gt: GroundTruth, predictions: Predictions) -> None:
    """Print time and memory at 1x, 10x and 100x the boxes."""
    rng = np.random.default_rng(0)
    for times in (1, 10, 100):
        rows = np.tile(np.arange(predictions.num_boxes), times)
        noise = rng.normal(0, 5 * (times > 1), (len(rows), 4))
        bboxes = predictions.bboxes[rows] + noise
        bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
        scores = np.clip(predictions.scores[rows] + rng.normal(0, 0.01, len(rows)), 0, 1)
        table = Predictions.from_rows(
            predictions.image_ids, predictions.image_index[rows], bboxes, scores,
            predictions.labels[rows],
        )  # fmt: skip
        watch = Stopwatch()
        for _ in range(3):
            with watch:
                ours(gt, table, (0.5,), ("all",))
        clock, processor = watch.best
        print(
            f"{times:>4}x, {table.num_boxes:>9} boxes: {1e3 * clock:9.1f} ms by the clock, "
            f"{1e3 * processor:9.1f} ms of processor time"
        )
        memory(gt, table)


def first_call() -> None:
    """Print how long the first call takes: compiling, and in a later process from the cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": os.getcwd()}
        for what in ("compiling", "from the cache"):
            result = subprocess.run(
                [sys.executable, "-c", COLD_START], env=environment, capture_output=True, text=True
            )
            clock, processor = map(float, result.stdout.split())
            print(
                f"first call in a process, {what}: {clock:.1f} s by the clock, "
                f"{processor:.1f} s of processor time"
            )


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--growth", action="store_true", help="also at 10x and 100x the boxes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print times, ratios and memory."""
    args = parse_args(argv)
    gt, predictions = read()
    first_call()
    score(gt, predictions)
    compare(gt, predictions, args.repeats)
    print()
    memory(gt, predictions)
    if args.growth:
        print()
        growth(gt, predictions)


if __name__ == "__main__":
    main()
