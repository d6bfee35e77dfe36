"""The gate on run folders: what is compared, with which policy, and where the verdict is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, bootstrap_metric, match_at_best
from custom.files import canonical_hash
from custom.gate.decision import gate
from custom.gate.difference import SeedNoise, pooled_deviation
from custom.gate.plan import (
    CORRELATION,
    USUAL_ERROR,
    USUAL_FOLDS,
    USUAL_IMAGES,
    USUAL_SEED_NOISE,
    Setting,
)
from custom.gate.policy import GatePolicy
from custom.gate.verdict import Verdict
from custom.runs import (
    KeptVerdict,
    Procedure,
    Run,
    find_runs,
    read_evidence,
    runs_beside,
    update_record,
)
from custom.runs.config import has_config
from custom.runs.config_diff import flat_config
from custom.typed_json import from_json


def gate_runs(
    new: Sequence[str],
    baseline: Sequence[str],
    policy: GatePolicy | None = None,
    comparisons: int | None = None,
    record: bool = True,
) -> Verdict:
    """Gate runs against a baseline and keep the verdict in the new runs' `run.json`.

    Args:
        new: Run folders, or patterns such as `runs/new_*`: the seeds and folds of one change.
        baseline: The same for what it is compared with.
        policy: What is asked for; that of the first config of these runs if None.
        comparisons: How many changes were tried against this baseline, this one included; counted
            from the verdicts that the runs beside it keep if None.
        record: Whether to keep the verdict.

    Raises:
        PodiumError: If there is no such run, or they cannot be compared.
    """
    new_runs, baseline_runs = find_runs(new), find_runs(baseline)
    if both := {run.folder.resolve() for run in new_runs} & {
        run.folder.resolve() for run in baseline_runs
    }:
        raise PodiumError(f"a run cannot be its own baseline, but {min(both)} is on both sides")
    others = runs_beside([*new_runs, *baseline_runs])
    if comparisons is None:
        comparisons = count_comparisons(new_runs, baseline_runs, others)
    # An imported run has no config, the baseline may have one.
    told = next((run for run in (*new_runs, *baseline_runs) if has_config(run.folder)), new_runs[0])
    policy = policy or policy_of(told)
    evidence = read_evidence([*new_runs, *baseline_runs])
    verdict = gate(
        evidence[: len(new_runs)],
        evidence[len(new_runs) :],
        policy,
        comparisons,
        project_seed_noise(others, policy.metric),
    )
    if record:
        names = [[run.name for run in side] for side in (new_runs, baseline_runs)]
        content = {**verdict.to_record(), "new": names[0], "baseline": names[1]}
        kept = from_json(KeptVerdict, content, "the verdict")
        for run in new_runs:
            update_record(run.folder, verdict=kept)
    return verdict


def plan_setting(
    baseline: Sequence[str], correlation: float = CORRELATION, num_images: int | None = None
) -> tuple[Setting, GatePolicy]:
    """Return what a comparison with a baseline would be made on, and its policy.

    Args:
        baseline: Run folders or patterns; where none is given, what is usual stands in for them.
        correlation: Between both sides' scores over resamples of the images.
        num_images: Val images of a fold; those of the baseline's folds if None.
    """
    how = f"correlation of both sides {correlation:g}"
    if not baseline:
        images = num_images or USUAL_IMAGES
        error = USUAL_ERROR * math.sqrt(USUAL_IMAGES / images)
        origin = (
            f"Taken for granted without a baseline: a score known to {error:.4f} (standard error) "
            f"on {images:,} images, seeds that scatter by {USUAL_SEED_NOISE.deviation:g}, {how}. "
            "Name --baseline RUNS to have the first two measured."
        )
        setting = Setting(images, USUAL_FOLDS, error, correlation, USUAL_SEED_NOISE, origin)
        return setting, GatePolicy()
    runs = find_runs(baseline)
    policy = policy_of(next((run for run in runs if has_config(run.folder)), runs[0]))
    there, error = _score_error(runs, policy.metric)
    images = num_images or there
    error *= math.sqrt(there / images)
    noise = project_seed_noise(runs_beside(runs), policy.metric)
    said = "of this project's runs" if noise else "taken for granted, since no runs tell"
    noise = noise or USUAL_SEED_NOISE
    origin = (
        f"The baseline's score is known to {error:.4f} (standard error) on the {images:,} images "
        f"of a fold; seeds scatter by {noise.deviation:.4f} ({said}); {how}, taken for granted."
    )
    return Setting(images, runs[0].split.num_folds, error, correlation, noise, origin), policy


def _score_error(runs: Sequence[Run], metric: str) -> tuple[int, float]:
    """Return how many images a fold has, and a score's standard error there; means over runs."""
    found = []
    for each in read_evidence(runs):
        matches, _ = match_at_best(each.gt, each.predictions, metric)
        samples = bootstrap_metric(matches, metric)[:, -1]
        found.append((len(each.gt.images), float(np.nanstd(samples))))
    num_images, errors = zip(*found, strict=True)
    return round(float(np.mean(num_images))), float(np.mean(errors))


def policy_of(run: Run) -> GatePolicy:
    """Return the policy in a run's config; the defaults where it has none, or was made without.

    What is compared is the competition's metric, unless the policy names another.
    """
    settings = run.config(only=("gate",)) if has_config(run.folder) else {}
    source = f"{run.folder}: config"
    return GatePolicy.from_dict(settings.get("gate", {}), source, run.record.metric)


def count_comparisons(new: Sequence[Run], baseline: Sequence[Run], others: Sequence[Run]) -> int:
    """Return how many changes were gated against one of these baselines, this one included."""
    names, judges = {run.name for run in new}, {run.name for run in baseline}
    changes = set()
    for run in others:
        kept = run.record.verdict
        tried = frozenset(kept.new if kept else ())
        if kept and tried and judges & set(kept.baseline) and not tried & names:
            changes.add(tried)
    return len(changes) + 1


def project_seed_noise(runs: Iterable[Run], metric: str = DEFAULT_METRIC) -> SeedNoise | None:
    """Return how much a metric varies between runs that differ in the seed alone, if known."""
    groups: dict[str, dict[int, float]] = {}
    for run in runs:
        value, seed = run.record.value(metric), run.record.seed
        if seed is not None and not math.isnan(value) and (setting := setting_of(run)) is not None:
            groups.setdefault(setting, {})[seed] = value
    columns = [np.array(list(group.values()))[:, None] for group in groups.values()]
    deviation, degrees = pooled_deviation(columns) if columns else (np.zeros(1), 0)
    return SeedNoise(float(deviation[0]), degrees) if degrees else None


def setting_of(run: Run) -> str | None:
    """Return a hash of all that gave the score but the seed: config, fold, data, split, options."""
    if not has_config(run.folder):
        return None
    try:
        kept = flat_config(run.config())
    except PodiumError:
        return None
    data = [run.record.data[part].hash for part in ("train", "val") if part in run.record.data]
    procedure = [] if run.procedure == Procedure() else [str(run.procedure)]
    return canonical_hash([kept, data, run.record.fold, run.split_hash, *procedure])
