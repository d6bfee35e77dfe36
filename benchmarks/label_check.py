"""Plant exchanged pictures in annotated videos, and count what `podium labels check` finds.

Example:
    podium make_sample data/rope --task region
    python benchmarks/label_check.py data/rope --share 0.3 --seeds 0 1 2
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from custom.boxes import IntArray
from custom.errors import run_tool
from custom.image_files import find_images
from custom.labels.check.motion import boxes_without_motion
from custom.labels.check.neighbours import unlike_neighbours
from custom.labels.check.small import Small, read_small
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

Plant = Callable[[GroundTruth, float, np.random.Generator], IntArray]


def exchange_frames(gt: GroundTruth, share: float, rng: np.random.Generator) -> IntArray:
    """Return which picture each entry gets: a share of the frames are shuffled."""
    count = len(gt.images)
    chosen = rng.choice(count, int(share * count), replace=False)
    source = np.arange(count)
    source[chosen] = chosen[rng.permutation(len(chosen))]
    videos = gt.images.video_ids
    # Another frame of the same clip is no mix-up of clips.
    return np.where(videos[source] == videos, np.arange(count), source)


def exchange_videos(gt: GroundTruth, share: float, rng: np.random.Generator) -> IntArray:
    """Return which picture each entry gets: a share of the videos take those of another one."""
    videos = np.unique(gt.images.video_ids)
    chosen = rng.choice(videos, int(share * len(videos)), replace=False)
    source = np.arange(len(gt.images))
    for video, other in zip(chosen, np.roll(chosen, 1), strict=True):
        frames = np.flatnonzero(gt.images.video_ids == video)
        source[frames] = np.resize(np.flatnonzero(gt.images.video_ids == other), len(frames))
    return source


def measure(gt: GroundTruth, small: Small, source: IntArray) -> str:
    """Return how many exchanged pictures are found, and how many of the suspects are right."""
    found = [*unlike_neighbours(gt.images, small[source]), *boxes_without_motion(gt, small[source])]
    wrong = set(np.flatnonzero(source != np.arange(len(source))).tolist())
    hits = {each.image for each in found} & wrong
    named = [each for each in found if each.belongs_to is not None and each.image in wrong]
    videos = gt.images.video_ids
    right = sum(bool(videos[e.belongs_to] == videos[source[e.image]]) for e in named)
    suspects = len({each.image for each in found})
    return (
        f"planted {len(wrong)}, found {len(hits) / max(1, len(wrong)):.1%}; suspects {suspects}, "
        f"right {len(hits) / max(1, suspects):.1%}; other video named {right} of {len(named)}"
    )


def main(argv: Sequence[str] | None = None) -> int | None:
    """Measure frames and whole videos exchanged, a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds train.json and the images")
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args(argv)
    gt = read_ground_truth(args.folder / "train.json")
    small = read_small(find_images(args.folder, gt.images.file_names).paths)
    print(f"nothing exchanged: {measure(gt, small, np.arange(len(gt.images)))}")
    plants: dict[str, Plant] = {"frames": exchange_frames, "videos": exchange_videos}
    for seed in args.seeds:
        for what, plant in plants.items():
            source = plant(gt, args.share, np.random.default_rng(seed))
            print(f"{what}, seed {seed}: {measure(gt, small, source)}")
    return None


if __name__ == "__main__":
    run_tool(main)
