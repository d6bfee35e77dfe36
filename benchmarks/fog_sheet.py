"""A contact sheet of the fog on drawn scenes: plain, then each kind from thin to thick.

python benchmarks/fog_sheet.py [--out docs/fog.jpg]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from custom.detection.transforms.fog import KINDS, add_fog, fog_colour, fog_depth
from custom.sample.scenes import draw_scene

COLUMNS = [(kind, intensity) for kind in KINDS for intensity in (0.4, 0.7)]
NUM_CLASSES, NUM_OBJECTS = 5, 6
QUALITY = 80


def draw_row(seed: int, side: int) -> Any:
    """Return a scene (H, W, 3), BGR, and beside it the scene in each kind of fog."""
    rng = np.random.default_rng(seed)
    scene = draw_scene(rng, rng.integers(0, NUM_CLASSES, NUM_OBJECTS).tolist(), side).image
    cells = [_titled(scene, "plain")]
    for kind, intensity in COLUMNS:
        depth = fog_depth((side, side), intensity, kind, rng)
        fogged = add_fog(scene, depth, fog_colour(rng))
        cells.append(_titled(fogged, f"{kind} {intensity}"))
    return np.hstack(cells)


def _titled(image: Any, title: str) -> Any:
    cell = np.full((image.shape[0] + 22, image.shape[1] + 4, 3), 255, np.uint8)
    cell[22:, 2:-2] = image
    cv2.putText(cell, title, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return cell


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="reports/fog.jpg", help="a JPEG")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--side", type=int, default=224, help="side of a picture in pixels")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the sheet and write it."""
    args = parse_args(argv)
    sheet = np.vstack([draw_row(seed, args.side) for seed in range(args.rows)])
    if not cv2.imwrite(args.out, sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise SystemExit(f"cannot write {args.out}")
    print(f"{args.out}: {sheet.shape[1]}x{sheet.shape[0]}")


if __name__ == "__main__":
    main()
