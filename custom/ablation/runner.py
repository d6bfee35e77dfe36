"""Train what is missing, gate what is there."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from custom.ablation.plan import Plan, Variant
from custom.errors import PodiumError
from custom.files import write_text
from custom.gate.decision import holm
from custom.gate.runs import gate_runs
from custom.gate.verdict import Verdict
from custom.runs import RECORD, Run, check_same_split, read_run
from custom.shipped import tool_file

logger = logging.getLogger(__name__)

# What `tools/train.py --resume` goes on from.
RESUME_POINT = "last.pth"

Trainer = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Job:
    """One training: a variant on a seed and a fold."""

    variant: Variant
    seed: int
    fold: int | None
    out: Path

    @property
    def folder(self) -> Path:
        """The run's folder."""
        fold = "" if self.fold is None else f"_fold{self.fold}"
        return self.out / f"{self.variant.name}_seed{self.seed}{fold}"

    @property
    def config(self) -> Path:
        """The config that is trained."""
        return self.out / "configs" / f"{self.variant.name}.py"

    @property
    def is_done(self) -> bool:
        """Whether the run is finished."""
        return (self.folder / RECORD).is_file()

    def arguments(self, extra: Sequence[str]) -> list[str]:
        """Return the command line of `tools/train.py`."""
        parts = [str(self.config), "--seed", str(self.seed), "--work-dir", str(self.folder)]
        parts += [] if self.fold is None else ["--fold", str(self.fold)]
        parts += ["--resume"] if (self.folder / RESUME_POINT).is_file() else []
        return [*parts, *extra]


@dataclass(frozen=True)
class VariantResult:
    """What became of a variant.

    Attributes:
        variant: The change.
        runs: Its finished runs.
        missing: How many trainings failed or were not done.
        verdict: Of the gate; None for the baseline, or where runs are missing.
        adjusted_p: The verdict's p-value, adjusted for all variants (Holm).
    """

    variant: Variant
    runs: tuple[Run, ...]
    missing: int
    verdict: Verdict | None = None
    adjusted_p: float | None = None


def run_ablation(
    plan: Plan,
    out: Path,
    seeds: Sequence[int],
    folds: Sequence[int | None] = (None,),
    only: tuple[str, ...] = (),
    extra: Sequence[str] = (),
    trainer: Trainer | None = None,
) -> list[VariantResult]:
    """Train the runs that are not there yet, baseline first, and gate each variant.

    Runs are trained seed by seed, so that an interrupted ablation has compared all variants on
    the first seed before any on the second. Run again, it goes on where it stopped.

    Args:
        plan: Baseline and variants.
        out: The folder of the runs, configs and tables.
        seeds: Each trains every variant once per fold.
        folds: The folds that judge; None is the config's own.
        only: Names of variants; empty for all.
        extra: Further arguments of `tools/train.py`.
        trainer: Trains with these arguments and returns the exit code; a subprocess if None.

    Returns:
        The baseline's outcome, then the variants', in the order of the plan.

    Raises:
        PodiumError: If a variant was changed after some of its runs were made.
    """
    trainer = trainer or _train_in_subprocess
    variants = (plan.baseline, *plan.chosen(only))
    jobs = [Job(v, seed, fold, out) for seed in seeds for fold in folds for v in variants]
    for job in jobs:
        _write_config(job, jobs)
    for number, job in enumerate(jobs, start=1):
        if not job.is_done:
            logger.info("training %s (%d of %d)", job.folder.name, number, len(jobs))
            if code := trainer(job.arguments(extra)):
                logger.error("%s failed with exit code %d", job.folder, code)
    outcomes = [_outcome(variant, jobs) for variant in variants]
    check_same_split(run for outcome in outcomes for run in outcome.runs)
    return [outcomes[0], *_gated(outcomes[0], outcomes[1:])]


def _write_config(job: Job, jobs: Sequence[Job]) -> None:
    """Write a variant's config; refuse one that differs from what its runs were made with."""
    text = job.variant.config_text(job.config.parent)
    if job.config.is_file() and job.config.read_text(encoding="utf-8") != text:
        made = [j.folder for j in jobs if j.variant == job.variant and j.folder.exists()]
        if made:
            raise PodiumError(
                f"variant {job.variant.name} must be what its runs were made with, but it was "
                f"changed after {made[0]}; give it another name, or remove its runs"
            )
    write_text(job.config, text)


def _outcome(variant: Variant, jobs: Sequence[Job]) -> VariantResult:
    own = [job for job in jobs if job.variant == variant]
    runs = tuple(read_run(job.folder) for job in own if job.is_done)
    return VariantResult(variant, runs, len(own) - len(runs))


def _gated(baseline: VariantResult, outcomes: Sequence[VariantResult]) -> list[VariantResult]:
    """Return the outcomes with verdicts where all runs are there."""
    ready = [o for o in outcomes if not o.missing and not baseline.missing]
    against = [str(run.folder) for run in baseline.runs]
    verdicts = {
        outcome.variant.name: gate_runs(
            [str(run.folder) for run in outcome.runs], against, comparisons=len(outcomes)
        )
        for outcome in ready
    }
    adjusted = dict(zip(verdicts, holm([v.p_value for v in verdicts.values()]), strict=True))
    return [
        replace(o, verdict=verdicts.get(o.variant.name), adjusted_p=adjusted.get(o.variant.name))
        for o in outcomes
    ]


def _train_in_subprocess(arguments: Sequence[str]) -> int:
    return subprocess.run(
        [sys.executable, str(tool_file("train")), *arguments], check=False
    ).returncode
