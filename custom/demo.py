"""The main job from end to end on generated data: the commands a team would type, and a table."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json
from custom.runs import RECORD, read_run
from custom.tables.coco import read_ground_truth, read_results

DATA = Path("data/sample")
SPLIT = DATA / "splits/5fold-seed42"
RUNS = Path("runs/demo")
CONFIGS = (Path("configs/sample/universenet_nano.py"), Path("configs/sample/yolox_nano.py"))
SUBMISSION = Path("submissions/demo.json")
# What a training says of its progress, without what it says of its settings.
PROGRESS = ("Epoch(", "WARNING", "error:", "mAP50")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One line of the closing table."""

    name: str
    val: float
    test: float


def run_demo(say: Say) -> list[Row]:
    """Run every step that is not done yet; return the closing table's rows.

    Must be started in the checkout's top folder. A finished training is kept and an interrupted
    one resumed, so that the command can be given again.

    Raises:
        PodiumError: If a step fails; its log is named.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    _tool(say, "make_sample", str(DATA), "--seed", "42")
    _tool(say, "split", str(DATA / "train.json"), "--folds", "5", "--seed", "42")
    for config in CONFIGS:
        _train(say, config)
        if not (RUNS / f"{config.stem}.json").exists():
            _tool(say, "test", str(RUNS / config.stem))
    predictions = [str(RUNS / f"{config.stem}.json") for config in CONFIGS]
    _tool(say, "ensemble", *predictions, "--name", SUBMISSION.stem, "--overwrite")
    return [*(_row_of_run(config.stem) for config in CONFIGS), _row_of_ensemble()]


def written() -> list[Path]:
    """Return the files that a demo leaves for the user to look at."""
    files = [RUNS / f"{config.stem}.json" for config in CONFIGS]
    return [*files, SUBMISSION, SUBMISSION.with_suffix(".csv")]


def _train(say: Say, config: Path) -> None:
    folder = RUNS / config.stem
    if (folder / RECORD).exists():
        say(f"{folder} is trained already; remove {RUNS} to train again")
        return
    resume = ["--resume"] if (folder / "last.pth").exists() else []
    _tool(say, "train", str(config), "--seed", "42", "--work-dir", str(folder), *resume)


def _tool(say: Say, name: str, *arguments: str) -> None:
    """Run a tool in a process of its own, show its progress and keep its whole output."""
    command = [sys.executable, f"tools/{name}.py", *arguments]
    started = time.monotonic()
    say(f"$ python {' '.join(command[1:])}")
    log_file = RUNS / f"{name}.log"
    with log_file.open("a", encoding="utf-8", buffering=1) as log:
        code = _follow(command, log.write, say, show_all=name != "train" and name != "test")
    if code:
        raise PodiumError(f"{command[1]} ended with exit code {code}; its output is in {log_file}")
    say(f"  {time.monotonic() - started:.0f} s")


def _follow(command: Sequence[str], keep: Callable[[str], int], say: Say, show_all: bool) -> int:
    """Run a command, keep each line it prints, and show those that tell of progress."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            keep(line)
            if show_all or any(word in line for word in PROGRESS):
                say("  " + line.rstrip().rpartition(" - INFO - ")[2])
    return process.returncode


def _row_of_run(name: str) -> Row:
    run = read_run(RUNS / name)
    return Row(name, run.record["metrics"]["mAP50"], _test_score(run.test_file))


def _row_of_ensemble() -> Row:
    meta = read_json(SUBMISSION.with_suffix(".meta.json"))
    return Row("ensemble", meta["val"]["mAP50"], _test_score(SUBMISSION))


def _test_score(path: Path) -> float:
    gt = read_ground_truth(DATA / "test_boxes.json")
    return score(gt, read_results(path, gt.images, gt.categories)).value
