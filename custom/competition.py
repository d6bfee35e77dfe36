"""What a competition is: its task, metric and format, said once and found here.

A config says them in `competition`, a training keeps them in its record, and a format brings the
metric of its competition. Where files come without runs, `--metric` and `--format` say them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, Metric, metric_of
from custom.files import PathLike
from custom.run_folder import is_run
from custom.submission.formats import format_of

if TYPE_CHECKING:
    from custom.runs import Run

# What is predicted: boxes, labels of whole images (boxes that cover them), labels of given boxes;
# and the package of what is trained for it.
PACKAGE_OF = {
    "detection": "custom.detection",
    "image": "custom.classification",
    "region": "custom.classification",
}
TASKS = tuple(PACKAGE_OF)
# Of files without runs, and of runs that do not say theirs.
USUAL_FORMAT = "trash"
USUAL_TASK = "detection"


@dataclass(frozen=True)
class Competition:
    """What decides, and how predictions are handed in.

    Attributes:
        metric: What decides.
        format_name: A key of `custom.submission.FORMATS`.
        task: One of `TASKS`.
        exclusive: Whether an image or a region has exactly one of the classes, so that a softmax
            decides between them; else each class is a yes or no of its own.
    """

    metric: Metric
    format_name: str
    task: str = USUAL_TASK
    exclusive: bool = False


def competition_of(
    runs: Sequence[Run] = (), metric: str | None = None, format_name: str | None = None
) -> Competition:
    """Return what decides: what is named, else what the runs were recorded with.

    A format that is named brings its competition's metric where that is not the default.

    Args:
        runs: Runs of one competition.
        metric: A name in `custom.evaluation.METRICS`.
        format_name: A key of `custom.submission.FORMATS`.

    Raises:
        PodiumError: If a name is unknown, or the runs differ and nothing is named.
    """
    form = format_of(format_name or _shared(runs, "submission_format", "--format") or USUAL_FORMAT)
    if metric is None and form.metric != DEFAULT_METRIC and format_name is not None:
        metric = form.metric
    chosen = metric or _shared(runs, "metric", "--metric") or form.metric
    task = _shared(runs, "task") or USUAL_TASK
    exclusive = bool(_shared(runs, "exclusive"))
    return Competition(metric_of(chosen), form.name, task, exclusive)


def task_of(name: str, source: str) -> str:
    """Return a task's name.

    Raises:
        PodiumError: If there is none of that name; `source` says where it stands.
    """
    if name not in TASKS:
        raise PodiumError(f"{source}: task must be one of {', '.join(TASKS)}, but is {name!r}")
    return name


def runs_among(paths: Sequence[PathLike]) -> list[Run]:
    """Return the runs that some of the files are the test predictions of."""
    if not (named := [path for path in paths if is_run(path)]):
        return []
    from custom.runs import read_run  # takes a while, and files from anywhere need none of it

    return [read_run(path) for path in named]


def _shared(runs: Sequence[Run], name: str, option: str = "") -> Any:
    """Return what all runs have recorded, or None without runs."""
    # What is not recorded, as in older runs, contradicts nothing.
    found = {run.name: value for run in runs if (value := getattr(run.record, name))}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{run} {value}" for run, value in found.items())
        raise PodiumError(
            f"runs must be of one competition, but have {told}"
            + (f"; choose by {option}" if option else f" as {name}")
        )
    return next(iter(found.values()), None)
