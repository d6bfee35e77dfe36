"""How far one has to walk through the house: what a run of `tools/ensemble.py` enters.

Fuses two CSV files, scored with `--ann`, in this process, and counts the files of `custom/` and
`tools/` of which a function is called, and how often some functions are. Imports do not count.
Kernels run as plain Python here, so that they are counted like everything else.

python -m benchmarks.walk [--list]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (str(ROOT / "custom") + "/", str(ROOT / "tools") + "/")
COUNTED = ("prepare", "match", "check_weights", "fuse_prepared")
SIDE = 512


def make_inputs(folder: Path, num_images: int = 40, seed: int = 0) -> tuple[list[str], str]:
    """Write labelled images and two models' CSV files; return the files and the annotations."""
    rng = np.random.default_rng(seed)
    images = [
        {"id": i, "file_name": f"{i}.jpg", "width": SIDE, "height": SIDE} for i in range(num_images)
    ]
    corners = rng.uniform(0, SIDE / 2, (num_images, 3, 2)).round(1)
    sides = rng.uniform(40, SIDE / 3, (num_images, 3, 2)).round(1)
    annotations = [
        {
            "id": 3 * i + k + 1,
            "image_id": i,
            "category_id": k % 2,
            "bbox": [*corners[i, k].tolist(), *sides[i, k].tolist()],
            "area": float(sides[i, k].prod()),
            "iscrowd": 0,
        }
        for i in range(num_images)
        for k in range(3)
    ]
    categories = [{"id": k, "name": name} for k, name in enumerate(("can", "glass"))]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "ann.json").write_text(json.dumps(content))
    files = []
    for model in range(2):
        lines = ["PredictionString,image_id"]
        for i in range(num_images):
            cells = []
            for k in range(3):
                low = corners[i, k] + rng.normal(0, 6, 2)
                high = corners[i, k] + sides[i, k] + rng.normal(0, 6, 2)
                numbers = [rng.uniform(0.05, 1), *low.clip(0), *high.clip(0, SIDE)]
                cells.append(f"{k % 2} " + " ".join(f"{number:.4f}" for number in numbers) + " ")
            lines.append(f"{''.join(cells)},{i}.jpg")
        files.append(str(folder / f"model{model}.csv"))
        Path(files[-1]).write_text("\n".join(lines) + "\n")
    return files, str(folder / "ann.json")


def walk(argv: Sequence[str]) -> tuple[set[str], Counter[str]]:
    """Run the tool; return the files that it entered and how often each function was called."""
    from custom.compiled import jit

    jit.jit = lambda function: function
    from tools.ensemble import main

    entered: set[str] = set()
    calls: Counter[str] = Counter()
    importing = 0

    def notice(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal importing
        code = frame.f_code
        if code.co_filename == "<frozen importlib._bootstrap>" and code.co_name == "_find_and_load":
            importing += {"call": 1, "return": -1}.get(event, 0)
        if event != "call" or importing or not code.co_filename.startswith(ROOMS):
            return
        entered.add(str(Path(code.co_filename).relative_to(ROOT)))
        calls[code.co_name] += 1

    with contextlib.redirect_stdout(io.StringIO()):
        sys.setprofile(notice)
        try:
            main(argv)
        finally:
            sys.setprofile(None)
    return entered, calls


def main(argv: Sequence[str] | None = None) -> None:
    """Print what was entered and called."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the files")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, annotations = make_inputs(folder)
        options = ["--ann", annotations, "--out", str(folder), "--name", "fused"]
        entered, calls = walk([*files, *options])
    print(f"{len(entered)} files entered")
    for each in COUNTED:
        print(f"{each:<16}{calls[each]:>4} calls")
    if args.list:
        print("\n".join(sorted(entered)))


if __name__ == "__main__":
    main()
