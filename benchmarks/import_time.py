"""How long the light core and the help of its tools keep a person waiting.

    python benchmarks/import_time.py

Each line is the median over fresh interpreters, side by side with an interpreter that does
nothing, and the time above that. The goals: `import custom` 0.1 s, a tool's help 0.5 s.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What `tools/train.py` loads before it begins, and how much of that is torch's and MMDetection's.
TRAINING = {
    "import torch": ["-c", "import torch"],
    "import mmdet's registered parts": [
        "-c",
        "import mmdet.models, mmdet.datasets, mmdet.evaluation",
    ],
    "import custom.detection": ["-c", "import custom.detection, custom.training.train"],
}
COMMANDS = {
    "nothing": ["-c", "pass"],
    "import custom": ["-c", "import custom"],
    "import custom.tables": ["-c", "import custom.tables"],
    **(TRAINING if find_spec("mmdet") else {}),
    **{
        f"{path.relative_to(ROOT)} --help": [str(path), "--help"]
        for path in sorted((ROOT / "tools").glob("*.py"))
    },
}


def seconds(arguments: Sequence[str]) -> float:
    """Return the wall time of one fresh interpreter."""
    start = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="interpreters for each line")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure in turns, so that a busy moment meets all commands alike, and print the medians."""
    args = parse_args(argv)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(args.repeats + 1):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:32} {median:6.3f} s   above nothing {median - medians['nothing']:6.3f} s")


if __name__ == "__main__":
    main()
