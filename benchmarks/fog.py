"""Fog beside Albumentations' fog: milliseconds on one thread, on an image of 1024x1024.

python benchmarks/fog.py [--image PATH] [--repeats 15]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


def milliseconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Return the processor time of each of `repeats` calls, after one to warm up.

    Processor time, since others may use the machine; both run on one thread.
    """
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - start))
    return times


def read_image(path: str) -> Any:
    """Return an image file at 1024x1024."""
    image = cv2.imread(path)
    if image is None:
        raise SystemExit(f"cannot read the image {path}")
    return cv2.resize(image, (1024, 1024))


def noise(rng: np.random.Generator) -> Any:
    """Return an image of noise at 1024x1024."""
    return rng.integers(0, 256, (1024, 1024, 3), dtype=np.uint8)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", help="an image; noise where none is given")
    parser.add_argument("--repeats", type=int, default=15)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print both times and their ratio; the two take turns."""
    import albumentations

    from custom.detection.transforms.fog import add_fog, fog_colour, fog_depth

    args = parse_args(argv)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    image = read_image(args.image) if args.image else noise(rng)
    theirs = albumentations.Compose([albumentations.RandomFog(p=1.0)])

    def ours() -> object:
        depth = fog_depth(image.shape[:2], float(rng.uniform(0.3, 0.7)), "distance", rng)
        return add_fog(image, depth, fog_colour(rng))

    rounds = [
        (milliseconds(ours, 3), milliseconds(lambda: theirs(image=image), 1))
        for _ in range(args.repeats)
    ]
    mine = [t for one, _ in rounds for t in one]
    others = [t for _, other in rounds for t in other]
    version = albumentations.__version__
    print(f"1024x1024, one thread, {args.repeats} rounds in turns   median      best")
    for name, times in (("Podium", mine), (f"Albumentations {version}", others)):
        print(f"{name:<40} {statistics.median(times):8.2f} ms {min(times):6.2f} ms")
    ratios = statistics.median(others) / statistics.median(mine), min(others) / min(mine)
    print(f"{'times as fast':<40} {ratios[0]:8.1f}    {ratios[1]:6.1f}")


if __name__ == "__main__":
    main()
