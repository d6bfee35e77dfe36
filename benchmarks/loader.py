"""Loading beside MMDetection's: a plain pipeline, and a mosaic with and without a wrapper.

python benchmarks/loader.py --ann-file train.json [--samples 100]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LOADERS = [{"type": "LoadImageFromFile"}, {"type": "LoadAnnotations", "with_bbox": True}]


def milliseconds(load: Callable[[int], Any], index: int) -> float:
    """Return the processor time of loading one sample; others may use the machine."""
    start = time.process_time()
    load(index)
    return 1e3 * (time.process_time() - start)


def pairs(size_wh: tuple[int, int]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return, by name, MMDetection's data set and ours, without the data."""
    rest = [
        {"type": "Resize", "scale": size_wh, "keep_ratio": True},
        {"type": "RandomFlip", "prob": 0.5},
        {"type": "PackDetInputs"},
    ]
    mosaic = {"img_scale": size_wh, "prob": 1.0}
    plain = {"type": "CocoDataset", "pipeline": [*LOADERS, *rest]}
    wrapped = {
        "type": "MultiImageMixDataset",
        "dataset": {"type": "CocoDataset", "pipeline": LOADERS},
        "pipeline": [{"type": "Mosaic", **mosaic}, *rest],
    }
    ours = {"type": "CompetitionDataset", "pipeline": [*LOADERS, *rest]}
    mixed = {**ours, "augmentations": [{"type": "SeededMosaic", **mosaic}]}
    return {"load, resize, flip": (plain, ours), "mosaic of four": (wrapped, mixed)}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ann-file", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the median time of a sample both ways, taken in turns."""
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    import custom.detection  # noqa: F401 (registers)
    from custom.tables.coco import read_ground_truth

    args = parse_args(argv)
    init_default_scope("mmdet")
    data = {
        "data_root": str(args.ann_file.parent),
        "ann_file": args.ann_file.name,
        "data_prefix": {"img": ""},
        "metainfo": {"classes": read_ground_truth(args.ann_file).categories.names},
    }
    for name, configs in pairs((args.width, args.height)).items():
        built = []
        for config in configs:
            inner = config.get("dataset", config)
            inner.update(data)
            built.append(DATASETS.build(config))
        order = [i % len(built[0]) for i in range(args.samples)]
        # Each goes first on every other sample: who comes second finds the file in the cache.
        times: list[list[float]] = [[], []]
        for turn, index in enumerate(order):
            for which in (turn % 2, 1 - turn % 2):
                times[which].append(milliseconds(built[which].__getitem__, index))
        theirs, mine = map(statistics.median, times)
        print(
            f"{name:<20} MMDetection {theirs:7.2f} ms   Podium {mine:7.2f} ms   "
            f"ratio {mine / theirs:.2f}"
        )


if __name__ == "__main__":
    main()
