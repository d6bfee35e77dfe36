"""The switch that chooses where runs are tracked, and what is recorded of a finished one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.visualization import Visualizer

from custom.errors import PodiumError
from custom.evaluation.metrics import metric_of
from custom.files import sha256_of
from custom.runs import RECORD, MetricValue, RunRecord, read_run
from custom.splits import read_split
from custom.training.visualization.curves import class_curves
from custom.training.visualization.guarded import GuardedBackend, forgiving

_NUMBERS = itertools.count()

BACKENDS = {"wandb": "GuardedWandbBackend", "tensorboard": "GuardedTensorboardBackend"}
KEPT_FILES = ("best.pth", "val.json", RECORD)
OF_THE_VERDICT = ("decision", "reason", "confidence", "p_value")
OF_THE_CHANGE = ("difference", "low", "high")


def use_tracking(config: Config) -> None:
    """Give the visualizer the backends that `config.tracking` names; `config` is changed.

    Raises:
        PodiumError: If there is no such backend.
    """
    visualizer = dict(config.get("visualizer") or dict(type="DetLocalVisualizer"))
    # MMEngine keeps visualizers by name: a second run of one process would write to the first's.
    visualizer["name"] = f"{config.work_dir} {next(_NUMBERS)}"
    backends = [_backend(each, config) for each in chosen_backends(config)]
    if backends:
        local = [dict(type="LocalVisBackend")]
        visualizer["vis_backends"] = [*visualizer.get("vis_backends", local), *backends]
        config.default_hooks["tracking"] = dict(type="TrackingHook")
    config.visualizer = visualizer


def chosen_backends(config: Config) -> list[Any]:
    """Return what `config.tracking` lists: names, or dicts of a backend; one name may stand alone.

    Raises:
        PodiumError: If a name is unknown.
    """
    listed = config.get("tracking") or []
    chosen = [listed] if isinstance(listed, (str, Mapping)) else list(listed)
    for each in chosen:
        if isinstance(each, str) and each not in BACKENDS:
            raise PodiumError(f"tracking must be among {', '.join(BACKENDS)}, but is {each!r}")
    return chosen


def _backend(chosen: Any, config: Config) -> dict[str, Any]:
    if not isinstance(chosen, str):
        return dict(chosen)
    backend: dict[str, Any] = {"type": BACKENDS[chosen]}
    if chosen == "wandb":
        project = os.environ.get("WANDB_PROJECT", f"podium-{config.competition.name}")
        backend["init_kwargs"] = {"project": project, "name": Path(config.work_dir).name}
    return backend


def backends_of(visualizer: Visualizer) -> list[GuardedBackend]:
    """Return the tracking backends of a visualizer, in the process that writes; else none."""
    if not is_main_process():
        return []
    kept = visualizer._vis_backends.values()
    return [backend for backend in kept if isinstance(backend, GuardedBackend)]


def run_facts(config: Config) -> dict[str, Any]:
    """Return what tells a run from others of its config."""
    competition = config.competition
    return {
        "name": Path(config.work_dir).name,
        "competition": competition.name,
        "seed": config.randomness.seed,
        "fold": competition.fold,
        "split": str(competition.split),
        "split_hash": read_split(competition.split).hash,
    }


@contextmanager
def tracked(config: Config) -> Iterator[None]:
    """Record what a training and its gate leave in the run's folder, and end its tracking.

    Args:
        config: What is trained within the block.
    """
    failed = True
    try:
        yield
        failed = False
    finally:
        backends, folder = open_backends(config), Path(config.work_dir)
        if backends and (folder / RECORD).is_file():
            with forgiving("tracking of the finished run"):
                record_finished(folder, backends)
        for backend in backends:
            backend.finish(failed)


def open_backends(config: Config) -> list[GuardedBackend]:
    """Return the backends of a config's visualizer, if a runner has built it."""
    name = (config.get("visualizer") or {}).get("name")
    if name is None or not Visualizer.check_instance_created(name):
        return []
    return backends_of(Visualizer.get_instance(name))


def record_finished(folder: Path, backends: list[GuardedBackend]) -> None:
    """Record a finished run: results, curves of the best checkpoint on val, verdict, files."""
    run = read_run(folder)
    curves = None
    if run.record.fold is not None:
        curves = class_curves(run.val_ground_truth, run.val_predictions())
    files = {path: sha256_of(path) for name in KEPT_FILES if (path := folder / name).is_file()}
    for backend in backends:
        backend.add_results(run_results(run.record))
        if curves is not None:
            backend.add_curves(curves)
        backend.add_files(run.name, files)


def run_results(record: RunRecord) -> dict[str, Any]:
    """Return the best checkpoint's scores and the gate's verdict, if there is one, by name."""
    metric = metric_of(record.metric)
    found = record.metrics.get(metric.name, MetricValue())
    results: dict[str, Any] = {f"best/{metric.title}": found.value}
    results |= {f"best/{name}_{metric.name}": value for name, value in found.per_class.items()}
    if verdict := record.verdict:
        results |= {f"gate/{key}": getattr(verdict, key) for key in OF_THE_VERDICT}
        if overall := verdict.overall:
            results |= {f"gate/{key}": getattr(overall, key) for key in OF_THE_CHANGE}
        results["gate/baseline"] = ", ".join(verdict.baseline)
    return {name: value for name, value in results.items() if value is not None}
