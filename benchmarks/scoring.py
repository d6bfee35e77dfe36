"""Average precision from tables beside hotcoco, ultrafast-pycocotools and others, in one run.

Every tool has read its input before the clock starts: what is timed is matching and averaging.
The tools take turns, once each a round, and the ratios are of their fastest rounds: by the clock,
and by processor time, which other work on the machine changes little. With `--times` the data
stand so many times under new ids, beside the tools in Rust alone; reading them is timed as well.

python benchmarks/scoring.py [--repeats 5] [--times 1 6 60] [--growth]
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
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from custom.evaluation import average_precision, match, score
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS
from custom.evaluation.reference import coco_eval, coco_tables
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, read_results, write_results
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
    gt: GroundTruth,
    predictions: Predictions,
    thrs: Sequence[float],
    areas: Sequence[str],
) -> float:
    """Return the mean AP, having computed that of every area range."""
    matches = match(gt, predictions, thrs, areas)
    values = [average_precision(matches, area) for area in areas]
    return float(np.nanmean(values[0]))


def pycocotools(
    gt: GroundTruth,
    predictions: Predictions,
    thrs: Sequence[float],
    areas: Sequence[str],
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
    gt: GroundTruth,
    predictions: Predictions,
    thrs: Sequence[float],
    areas: Sequence[str],
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


def tools_in_rust(
    files: tuple[Path, Path], thrs: Sequence[float], areas: Sequence[str]
) -> dict[str, Callable[[Stopwatch], float]]:
    """Return what evaluates with hotcoco and with ultrafast-pycocotools, their files read."""
    import hotcoco
    import ultrafast_pycocotools

    def peer(package: Any) -> Callable[[Stopwatch], float]:
        truth, found = read_by(package, files)

        def run(watch: Stopwatch) -> float:
            evaluation = package.COCOeval(truth, found, "bbox")
            params = evaluation.params
            params.iouThrs, params.maxDets = np.array(thrs), [100]
            params.areaRng = [list(COCO_AREAS[name]) for name in areas]
            params.areaRngLbl = list(areas)
            with contextlib.redirect_stdout(io.StringIO()), watch:
                evaluation.evaluate()
                evaluation.accumulate()
            precision = np.asarray(evaluation.eval["precision"])
            precision = precision.reshape(len(thrs), 101, -1, len(areas), 1)[:, :, :, 0, 0]
            return float(precision[precision > -1].mean())

        return run

    return {
        "hotcoco": peer(hotcoco),
        "ultrafast-pycocotools": peer(ultrafast_pycocotools),
    }


def read_by(package: Any, files: tuple[Path, Path]) -> tuple[Any, Any]:
    """Read truth and results with one of the peers."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = package.COCO(str(files[0]))
        return truth, truth.loadRes(str(files[1]))


def repeated_files(times: int, folder: Path) -> tuple[Path, Path]:
    """Write the real annotations and predictions so many times, each time under new ids."""
    gt, predictions = read()
    content = orjson.loads(Path(gt.source).read_bytes())
    num, num_boxes = len(content["images"]), len(content["annotations"])
    images, boxes = [], []
    for k in range(times):
        for each in content["images"]:
            name = f"{k}/{each['file_name']}"
            images.append({**each, "id": each["id"] + k * num, "file_name": name})
        for each in content["annotations"]:
            ids = {
                "id": each["id"] + 1 + k * num_boxes,
                "image_id": each["image_id"] + k * num,
            }
            boxes.append({**each, **ids})
    truth, found = folder / f"truth{times}.json", folder / f"found{times}.json"
    truth.write_bytes(orjson.dumps({**content, "images": images, "annotations": boxes}))
    index = np.concatenate([predictions.image_index + k * num for k in range(times)])
    bboxes, scores, labels = (
        np.concatenate([column] * times)
        for column in (predictions.bboxes, predictions.scores, predictions.labels)
    )
    image_ids = [image["id"] for image in images]
    table = Predictions.from_rows(image_ids, index, bboxes, scores, labels)
    write_results(found, table, gt.categories)
    return truth, found


def read_ours(files: tuple[Path, Path]) -> tuple[GroundTruth, Predictions]:
    """Read truth and results."""
    gt = read_ground_truth(files[0])
    return gt, read_results(files[1], gt.images, gt.categories)


def readers_of(files: tuple[Path, Path]) -> dict[str, Callable[[], Any]]:
    """Return what reads truth and results, by tool."""
    import hotcoco
    import ultrafast_pycocotools

    return {
        "podium": lambda: read_ours(files),
        "hotcoco": lambda: read_by(hotcoco, files),
        "ultrafast-pycocotools": lambda: read_by(ultrafast_pycocotools, files),
    }


def at_sizes(sizes: Sequence[int], repeats: int) -> None:
    """Print the ratios to the tools in Rust, reading and scoring, at each size."""
    for times in sizes:
        with tempfile.TemporaryDirectory() as folder:
            files, rounds = (
                repeated_files(times, Path(folder)),
                1 if times > 10 else repeats,
            )
            gt, predictions = read_ours(files)
            print(f"\n{times} times the data: {predictions.num_boxes} boxes")
            readers = readers_of(files)
            watches = {tool: Stopwatch() for tool in readers}
            for _ in range(rounds):
                for tool, reader in readers.items():
                    with watches[tool]:
                        reader()
            print_times("reading truth and results", watches)
            for name, (thrs, areas) in WORKS.items():
                expected = ours(gt, predictions, thrs, areas)
                peers = tools_in_rust(files, thrs, areas)
                watches = {tool: Stopwatch() for tool in ("podium", *peers)}
                for _ in range(max(rounds, 2)):
                    with watches["podium"]:
                        ours(gt, predictions, thrs, areas)
                    for peer, run in peers.items():
                        assert abs(run(watches[peer]) - expected) < 1e-9, peer
                print_times(f"{name}: AP {expected:.6f}, the same from all", watches)


def print_times(title: str, watches: dict[str, Stopwatch]) -> None:
    """Print the best round of each tool, and how many times ours it takes."""
    clock, processor = watches["podium"].best
    print(f"\n{title}")
    print(f"  {'':<22}{'clock':>13}{'ratio':>8}{'processor':>13}{'ratio':>8}")
    for tool, watch in watches.items():
        best = watch.best
        print(
            f"  {tool:<22}{1e3 * best[0]:10.1f} ms{best[0] / clock:7.1f}x"
            f"{1e3 * best[1]:10.1f} ms{best[1] / processor:7.1f}x"
        )


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
        print_times(f"{name}: AP {expected:.6f}, the same from all three", watches)


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
        environment = {
            **os.environ,
            "NUMBA_CACHE_DIR": cache,
            "PYTHONPATH": os.getcwd(),
        }
        for what in ("compiling", "from the cache"):
            result = subprocess.run(
                [sys.executable, "-c", COLD_START],
                env=environment,
                capture_output=True,
                text=True,
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
    parser.add_argument("--times", type=int, nargs="*", default=[1, 6], help="sizes of the data")
    parser.add_argument("--growth", action="store_true", help="also at 10x and 100x the boxes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print times, ratios and memory."""
    args = parse_args(argv)
    gt, predictions = read()
    first_call()
    score(gt, predictions)
    compare(gt, predictions, args.repeats)
    at_sizes(args.times, args.repeats)
    print()
    memory(gt, predictions)
    if args.growth:
        print()
        growth(gt, predictions)


if __name__ == "__main__":
    main()
