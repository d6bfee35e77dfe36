"""Print parameters, GFLOPs and CPU seconds of configs as the rows of a Markdown table."""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path, help="config files")
    parser.add_argument("--size", type=int, default=1024, help="height and width of the image")
    return parser.parse_args(argv)


def seconds_an_image(model: Any, size: int) -> float:
    """Return the processor time in which a detector of random weights looks at one image.

    On one thread, since others may use the machine; a small image comes first, to warm up.
    """
    import torch
    from mmdet.registry import MODELS
    from mmdet.structures import DetDataSample

    torch.set_num_threads(1)
    detector = MODELS.build(copy.deepcopy(model)).eval()  # a DINO changes its config

    def look(side: int) -> float:
        image = torch.full((3, side, side), 114, dtype=torch.uint8)
        shapes = dict.fromkeys(("img_shape", "ori_shape"), (side, side))
        sample = DetDataSample(metainfo={**shapes, "scale_factor": (1.0, 1.0)})
        start = time.process_time()
        with torch.no_grad():
            detector.test_step({"inputs": [image], "data_samples": [sample]})
        return time.process_time() - start

    look(320)
    return look(size)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure each config and print its row."""
    args = parse_args(argv)
    from mmdet.utils import register_all_modules

    from custom.detection.models.complexity import measure
    from custom.training.configuration import RunOptions, load_config

    register_all_modules()
    print(f"| config | parameters | GFLOPs at {args.size}x{args.size} | CPU seconds an image |")
    print("|---|---:|---:|---:|")
    for path in args.configs:
        model = load_config(path, RunOptions(pretrained=False)).model
        seconds = seconds_an_image(model, args.size)
        found = measure(model, args.size)
        row = f"`{path.stem}` | {found.parameters:,} | {found.gflops:,.1f} | {seconds:.1f}"
        print(f"| {row} |", flush=True)
    return 0


if __name__ == "__main__":
    run_tool(main)
