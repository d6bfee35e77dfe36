"""Measure what a review costs, without images, in a process of its own: time, memory, disk.

    python benchmarks/review.py --data ../shared/data

Real predictions on 4,883 images; the same filled up to 50,000 boxes, the size that the limits of
60 s and 2 GiB on two cores are for; and two models of that size with their ensemble. The first line
compiles all kernels anew, as the first review on a machine does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from custom.errors import run_tool
from custom.submission import read_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results

TOOL = Path(__file__).resolve().parents[1] / "tools" / "review.py"
LIMIT_S, LIMIT_MIB = 60, 2048


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with trash-gt")
    parser.add_argument("--boxes", type=int, default=50_000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the boxes added (%(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print the table."""
    args = parse_args(argv)
    ann = args.data / "trash-gt" / "train.json"
    real = args.data / "predictions" / "train_faster_rcnn.csv"
    gt = read_ground_truth(ann)
    table = read_submission(real, "trash", gt.images, gt.categories)
    print(f"{len(gt.images)} images, {gt.num_boxes} annotated boxes, {os.cpu_count()} cores")
    print(f"{'':44}{'boxes':>9}{'s':>8}{'CPU s':>8}{'peak MiB':>10}{'folder MB':>11}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"model{k}.json" for k in range(2)]
        for k, path in enumerate(paths):
            write_results(path, filled(table, gt, args.boxes, args.seed + k), gt.categories)
        cold = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels")}
        warm = dict(os.environ)
        show("real predictions, kernels compiled anew", [real], ann, table.num_boxes, cold)
        show("real predictions", [real], ann, table.num_boxes, cold)
        show("filled up", paths[:1], ann, args.boxes, warm)
        show("two models filled up, and their ensemble", paths, ann, 2 * args.boxes, warm)
    print(f"limits for one model of 50,000 boxes: {LIMIT_S} s and {LIMIT_MIB} MiB")
    return None


def filled(table: Predictions, gt: GroundTruth, num_boxes: int, seed: int) -> Predictions:
    """Return predictions with moved copies of their boxes, of lower scores, up to a number."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, table.num_boxes, max(num_boxes - table.num_boxes, 0))
    sizes = np.tile(table.bboxes[rows, 2:] - table.bboxes[rows, :2], 2)
    moved = table.bboxes[rows] + rng.normal(0, 0.2, (len(rows), 4)) * sizes
    limits = gt.images.sizes_hw[table.image_index[rows]][:, [1, 0, 1, 0]]
    moved = np.clip(moved, 0, limits)
    whole = (moved[:, 2] > moved[:, 0] + 1) & (moved[:, 3] > moved[:, 1] + 1)
    moved = np.where(whole[:, None], moved, table.bboxes[rows])
    scores = table.scores[rows] * rng.uniform(0.05, 1.0, len(rows))
    return Predictions.from_rows(
        table.image_ids,
        np.concatenate([table.image_index, table.image_index[rows]]),
        np.concatenate([table.bboxes, moved]),
        np.concatenate([table.scores, scores]),
        np.concatenate([table.labels, table.labels[rows]]),
    )


def show(
    name: str,
    predictions: Sequence[Path],
    ann: Path,
    num_boxes: int,
    environment: Mapping[str, str],
) -> None:
    """Write one review in a child process and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "review"
        command = [sys.executable, str(TOOL), "--predictions", *map(str, predictions)]
        command += ["--ann", str(ann), "--out", str(out)]
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(environment))
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise OSError(f"{' '.join(command)} ended with exit code {child.returncode}")
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    cpu = usage.ru_utime + usage.ru_stime
    numbers = f"{seconds:8.1f}{cpu:8.1f}{usage.ru_maxrss / 1024:10.0f}{size / 1e6:11.1f}"
    print(f"{name:44}{num_boxes:9,}{numbers}", flush=True)


if __name__ == "__main__":
    run_tool(main)
