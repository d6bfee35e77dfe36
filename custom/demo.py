"""The main job from end to end on generated data: the commands a team would type, and a table."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, metric_of, score
from custom.runs import RECORD, read_run
from custom.shipped import config_file, tool_file
from custom.submission.meta import read_meta
from custom.tables.coco import read_ground_truth, read_results

# What a training says of its progress, without what it says of its settings.
TITLE = metric_of(DEFAULT_METRIC).title
PROGRESS = ("Epoch(", "error:", TITLE)


Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Where a demo works, and on what.

    Attributes:
        data: The folder of the generated data.
        runs: The runs' folder; logs of the tools go there too.
        submissions: The folder of the final files.
        review: The folder of the pages that show where the score is lost.
        configs: The detectors to train.
        sample_options: Further options of `tools/make_sample.py`.
    """

    data: Path = Path("data/sample")
    runs: Path = Path("runs/demo")
    submissions: Path = Path("submissions")
    review: Path = Path("reports/demo")
    configs: tuple[Path, ...] = (
        config_file("sample/universenet_nano.py"),
        config_file("sample/yolox_nano.py"),
    )
    sample_options: tuple[str, ...] = ()

    @property
    def split(self) -> Path:
        """The sealed split's folder."""
        return self.data / "splits" / "5fold-seed42"

    @property
    def predictions(self) -> list[Path]:
        """The test predictions of each run."""
        return [self.runs / f"{config.stem}.json" for config in self.configs]

    @property
    def submission(self) -> Path:
        """The final predictions as COCO results; the CSV lies beside them."""
        return self.submissions / "demo.json"

    @property
    def recipe(self) -> Path:
        """How the final predictions were fused."""
        return self.submission.with_suffix(".recipe.json")

    @property
    def report(self) -> Path:
        """The page to open in a browser."""
        return self.review / "index.html"

    @property
    def written(self) -> list[Path]:
        """What the demo leaves for the user to look at."""
        return [*self.predictions, self.submission, self.submission.with_suffix(".csv")]


@dataclass(frozen=True)
class DemoScore:
    """One line of the closing table: the metric on the sealed fold and on the test set."""

    name: str
    val: float
    test: float


class Demo:
    """Runs the tools of a plan, one process each, and shows what they say."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan, self.say = plan, say

    def run(self) -> list[DemoScore]:
        """Run every step that is not done yet; return the closing table's rows.

        A finished training is kept and an interrupted one resumed, so that the command can be
        given again.

        Raises:
            PodiumError: If a step fails; its log is named.
        """
        plan = self.plan
        plan.runs.mkdir(parents=True, exist_ok=True)
        self._tool("make_sample", str(plan.data), "--seed", "42", *plan.sample_options)
        split = ["--folds", "5", "--seed", "42", "--out", str(plan.split.parent)]
        self._tool("split", str(plan.data / "train.json"), *split)
        self._train_all()
        self._fuse()
        self._review()
        return [*(self._row_of_run(c.stem) for c in plan.configs), self._row_of_ensemble()]

    def _train_all(self) -> None:
        """Train the detectors side by side: two with a core each are done before two in turn."""
        configs = self.plan.configs
        threads = max(1, (os.cpu_count() or 1) // len(configs))
        with ThreadPoolExecutor(len(configs)) as pool:
            # Every training ends, whole, before the first failure is told.
            futures = [pool.submit(self._train, config, threads) for config in configs]
        for future in futures:
            future.result()

    def _train(self, config: Path, threads: int) -> None:
        folder = self.plan.runs / config.stem
        if (folder / RECORD).exists():
            self.say(f"{folder} is trained already; remove {self.plan.runs} to train again")
        else:
            data = ["--data-root", str(self.plan.data), "--split", str(self.plan.split)]
            resume = ["--resume"] if (folder / "last.pth").exists() else []
            options = ["--seed", "42", "--work-dir", str(folder), *data, *resume]
            self._tool("train", str(config), *options, of=config.stem, threads=threads)
        if not folder.with_name(f"{folder.name}.json").exists():
            self._tool("test", str(folder), of=config.stem, threads=threads)

    def _fuse(self) -> None:
        target = self.plan.submission
        options = ["--out", str(target.parent), "--name", target.stem, "--overwrite"]
        self._tool("ensemble", *map(str, self.plan.predictions), *options)

    def _review(self) -> None:
        plan = self.plan
        runs = [str(plan.runs / config.stem) for config in plan.configs]
        options = ["--images", str(plan.data), "--recipe", str(plan.recipe)]
        self._tool("review", *runs, *options, "--out", str(plan.review))

    def _tool(self, name: str, *arguments: str, of: str = "", threads: int | None = None) -> None:
        """Run a tool, show its progress and keep its whole output.

        Args:
            name: The tool.
            arguments: Its command line.
            of: The run that it works on, where several are worked on at a time.
            threads: How many threads torch may use; None leaves it to torch.
        """
        command = [sys.executable, str(tool_file(name)), *arguments]
        environment = {**os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
        started = time.monotonic()
        self.say(f"$ python tools/{name}.py {' '.join(arguments)}")
        log_file = self.plan.runs / f"{'-'.join(filter(None, (name, of)))}.log"
        label = f"  {of}: " if of else "  "
        with log_file.open("a", encoding="utf-8", buffering=1) as log:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, errors="replace", env=environment,
            )  # fmt: skip
            show_all = name not in ("train", "test")
            code = self._follow(process, log.write, label, show_all)
        if code:
            raise PodiumError(f"tools/{name}.py ended with exit code {code}: see {log_file}")
        self.say(f"{label}{name} took {time.monotonic() - started:.0f} s")

    def _follow(
        self, process: subprocess.Popen[str], keep: Callable[[str], int], label: str, show_all: bool
    ) -> int:
        """Keep each line that a process prints, and show those that tell of progress."""
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                keep(line)
                if show_all or any(word in line for word in PROGRESS):
                    self.say(label + line.rstrip().rpartition(" - INFO - ")[2])
        return process.returncode

    def _row_of_run(self, name: str) -> DemoScore:
        run = read_run(self.plan.runs / name)
        return DemoScore(name, run.record.value(), self._test_score(run.test_file))

    def _row_of_ensemble(self) -> DemoScore:
        val = read_meta(self.plan.submission).val
        value = val.value if val else None
        assert value is not None  # the ensemble of two runs is scored
        return DemoScore("ensemble", value, self._test_score(self.plan.submission))

    def _test_score(self, path: Path) -> float:
        gt = read_ground_truth(self.plan.data / "test_boxes.json")
        return score(gt, read_results(path, gt.images, gt.categories)).value
