"""Measure splitting: its balance beside scikit-learn's, and the look at thousands of images.

    python benchmarks/splits.py --data ../shared/data
    python benchmarks/splits.py --data ../shared/data --images 4883

The second writes that many 1024x1024 JPEGs, blends of pairs of real photographs with a few
planted copies, to a temporary folder; it takes minutes, which are not measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from custom.boxes import IntArray
from custom.errors import run_tool
from custom.splits import make_split
from custom.splits.balance import Balance, measure_balance
from custom.splits.duplicates import HASH_RADIUS, MIN_CORRELATION, correlate_pairs
from custom.splits.features import count_features
from custom.splits.fingerprints import fingerprint_images, pairs_within
from custom.tables import GroundTruth, Images
from custom.tables.coco import read_ground_truth

SIDE = 1024
PLANTED_EVERY = 100


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with trash-gt")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 0, 1, 2, 3])
    parser.add_argument("--images", type=int, default=0, help="also time this many images")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print the measurements."""
    args = parse_args(argv)
    gt = read_ground_truth(args.data / "trash-gt" / "train.json")
    for seed in args.seeds:
        start = time.perf_counter()
        balance = make_split(gt, 5, seed).balance
        show(f"podium seed {seed}", balance, time.perf_counter() - start)
        compare_with_scikit_learn(gt, seed)
    if args.images:
        time_images(args.data, args.images)
    return None


def show(name: str, balance: Balance, seconds: float) -> None:
    """Print the largest relative deviations of a split."""
    kinds = ("class", "area", "boxes per image")
    parts = [f"{kind} {balance.largest(kind):.2%}" for kind in kinds]
    counts = balance.counts[:, 0]
    print(f"{name:28} {', '.join(parts)}, images {counts.min()}..{counts.max()}, {seconds:.1f} s")


def compare_with_scikit_learn(gt: GroundTruth, seed: int) -> None:
    """Print the balance of StratifiedGroupKFold on boxes, stratified by class."""
    try:
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError:
        print("scikit-learn is not installed: nothing to compare with")
        return
    start = time.perf_counter()
    folder = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    rows = np.zeros(gt.num_boxes)
    folds: list[IntArray] = [
        np.unique(gt.image_index[val]) for _, val in folder.split(rows, gt.labels, gt.image_index)
    ]
    seconds = time.perf_counter() - start
    show(f"scikit-learn seed {seed}", measure_balance(count_features(gt), folds), seconds)


def time_images(data: Path, num_images: int) -> None:
    """Write images, then time decoding, hashing and pairing them."""
    sources = [str(path) for path in sorted((data / "trash-mini51" / "train").glob("*.jpg"))]
    with tempfile.TemporaryDirectory() as folder:
        jobs = [(folder, index, sources) for index in range(num_images)]
        with ProcessPoolExecutor(2) as pool:
            names = tuple(pool.map(write_image, jobs, chunksize=32))
        images = Images(np.arange(num_images), names, np.full((num_images, 2), SIDE), "benchmark")
        start, before = time.perf_counter(), processor_seconds()
        fingerprints = fingerprint_images(folder, images)
        looked = time.perf_counter()
        candidates = pairs_within(fingerprints.hashes, HASH_RADIUS)
        hashed = time.perf_counter()
        alike = correlate_pairs(fingerprints.thumbs, candidates) >= MIN_CORRELATION
        pairs = {tuple(pair) for pair in candidates[alike, :2].tolist()}
        end = time.perf_counter()
    planted = {(i - 1, i) for i in range(num_images) if is_planted(i)}
    print(
        f"{num_images} images, {processor_seconds() - before:.0f} s of processor time: "
        f"decoding {looked - start:.1f} s, {len(candidates)} candidate pairs "
        f"{hashed - looked:.1f} s, comparing {end - hashed:.1f} s, together {end - start:.1f} s; "
        f"{len(planted & pairs)} of {len(planted)} planted copies found, {len(pairs - planted)} "
        "other pairs"
    )


def processor_seconds() -> float:
    """Return the processor time of this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def is_planted(index: int) -> bool:
    """Return whether an image is a copy of the one before it."""
    return index % PLANTED_EVERY == PLANTED_EVERY - 1


def write_image(job: tuple[str, int, list[str]]) -> str:
    """Write the image of an index, and return its name."""
    folder, index, sources = job
    rng = np.random.default_rng(index - is_planted(index))
    picture = Image.blend(random_part(sources, rng), random_part(sources, rng), 0.5)
    if is_planted(index):
        picture = ImageEnhance.Brightness(picture).enhance(1.3).transpose(
            Image.Transpose.FLIP_LEFT_RIGHT
        )  # fmt: skip
    name = f"{index:05d}.jpg"
    picture.save(Path(folder) / name, quality=90)
    return name


def random_part(sources: Sequence[str], rng: np.random.Generator) -> Image.Image:
    """Return a random square part of a random photograph, turned at random."""
    side = int(rng.integers(SIDE // 3, SIDE))
    left, upper = rng.integers(0, SIDE - side, 2).tolist()
    with Image.open(sources[int(rng.integers(len(sources)))]) as picture:
        part = picture.convert("RGB").crop((left, upper, left + side, upper + side))
    part = part.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return part.transpose(Image.Transpose(int(rng.integers(7))))


if __name__ == "__main__":
    run_tool(main)
