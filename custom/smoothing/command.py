"""A run of smoothed scores, made from a run and compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from custom import __version__
from custom.errors import PodiumError
from custom.evaluation import metric_of
from custom.files import PathLike
from custom.gate.runs import gate_runs
from custom.gate.verdict import Verdict
from custom.runs import Run, Trainer, read_run
from custom.runs.making import run_of_runs
from custom.smoothing.settings import Smoothing
from custom.smoothing.tables import smooth_table, usual_window
from custom.tables import Predictions
from custom.thresholds.comparing import Compared, compare_at_thresholds

TRAINER = "podium smooth"


@dataclass(frozen=True)
class Request:
    """What is to be smoothed.

    Attributes:
        run: The run's folder.
        out: The new run's name; the run's with `_smooth` if None.
        options: Of `Smoothing`; without `reach`, the window is half a second, or ten frames where
            times are not known.
        overwrite: Whether a run of that name that was made so may be replaced.
    """

    run: PathLike
    out: str | None
    options: Mapping[str, object]
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class Smoothed:
    """A run that was smoothed.

    Attributes:
        run: The new run.
        baseline: What it was made from.
        settings: How.
        compared: Both by class, at the same thresholds.
        verdict: The gate's.
    """

    run: Run
    baseline: Run
    settings: Smoothing
    compared: Compared
    verdict: Verdict


def smooth_run(request: Request) -> Smoothed:
    """Smooth a run's predictions on its fold and on the test set; write the run, and gate it.

    Raises:
        PodiumError: If the images say no video or lack their times, or the name is taken; nothing
            is written then.
    """
    run = read_run(request.run)
    gt, raw = run.val_ground_truth, run.val_predictions()
    options = dict(request.options)
    if "reach" not in options:
        options["reach"], options["unit"] = usual_window(gt.images)
    settings = Smoothing(**options)  # type: ignore[arg-type]
    val = smooth_table(raw, gt.images, settings)
    test = _test(run, settings)
    name = request.out or f"{run.name}_smooth"
    trainer = Trainer(TRAINER, __version__)
    made = run_of_runs(name, [run], gt, val, test, trainer, str(settings), request.overwrite)
    compared = compare_at_thresholds(run, gt, raw, val, metric_of(run.record.metric))
    return Smoothed(made, run, settings, compared, gate_runs([str(made.folder)], [str(run.folder)]))


def _test(run: Run, settings: Smoothing) -> Predictions | None:
    if not run.has_test_predictions:
        return None
    images, _ = run.test_set()
    table = run.test_predictions()
    try:
        return smooth_table(table, images, settings)
    except PodiumError as error:
        raise PodiumError(f"the test set cannot be smoothed as val was: {error}") from None
