"""The inputs of an ensemble of runs: their test predictions, and their folds to score on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from custom.ensemble.inputs import Inputs, ValInputs
from custom.errors import PodiumError
from custom.files import canonical_hash
from custom.runs import (
    Run,
    check_predicted_alike,
    check_same_split,
    pool,
    read_evidence,
    read_run,
    runs_beside,
    siblings_of,
)


def of_runs(paths: Sequence[str]) -> Inputs:
    """Return the test predictions of runs, scored on their folds.

    Raises:
        PodiumError: If the runs are of different splits or test sets.
    """
    runs = [read_run(path) for path in paths]
    check_same_split(runs)
    tests = {run.record.data["test"].hash if "test" in run.record.data else None for run in runs}
    if len(tests) > 1:
        raise PodiumError(
            f"runs must have predicted on one test set, but {', '.join(r.name for r in runs)} "
            "differ; run tools/test.py again with the same --data-root"
        )
    images, categories = runs[0].test_set()
    models = tuple(run.read_predictions("test", images, categories) for run in runs)
    names = tuple(run.name for run in runs)
    digests = tuple(model.content_hash for model in models)
    val, notes = _evaluated(runs)
    return Inputs(names, models, images, categories, val, digests, tuple(runs), notes)


def _evaluated(runs: Sequence[Run]) -> tuple[ValInputs | None, tuple[str, ...]]:
    """Return where runs are scored, and what is to be known of it.

    A run on all folds has seen every image. Its siblings stand in for it, those given or else
    those beside it; where it has none, nothing can be said of an ensemble that it is in.
    """
    stand_ins = {
        run.name: siblings_of(run, runs) or siblings_of(run, runs_beside([run]))
        for run in runs
        if run.record.fold is None
    }
    if alone := [name for name, siblings in stand_ins.items() if not siblings]:
        return None, (
            f"{', '.join(alone)} was trained on all images and no sibling (the same config and "
            "seed on a fold) lies beside it, so that nothing can score it, nor an ensemble with it",
        )
    notes = []
    for run in runs:
        if siblings := stand_ins.get(run.name):
            check_predicted_alike(run, siblings)
            names = ", ".join(sibling.name for sibling in siblings)
            notes.append(f"{run.name} was trained on all images; {names} is scored in its place")
    scored = {
        each.folder.resolve(): each for run in runs for each in stand_ins.get(run.name, [run])
    }
    val = val_of_runs(list(scored.values()))
    position = dict(zip(scored, val.model_of_file, strict=True))
    firsts = [stand_ins.get(run.name, [run])[0].folder.resolve() for run in runs]
    return replace(val, model_of_file=tuple(position[first] for first in firsts)), tuple(notes)


def val_of_runs(runs: Sequence[Run]) -> ValInputs:
    """Join the folds of a model; score on the images that every model has out of fold."""
    keys, evidence = model_keys(runs), read_evidence(runs)
    members: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        members[key].append(index)
    pooled = pool([[evidence[index] for index in group] for group in members.values()]).by_id()
    order = list(members)
    digests = tuple(
        canonical_hash(sorted(runs[index].identity for index in group))
        for group in members.values()
    )
    positions = tuple(order.index(key) for key in keys)
    split_hash = runs[0].split_hash
    return ValInputs(tuple(order), pooled.models, pooled.gt, positions, digests, split_hash)


def model_keys(runs: Sequence[Run]) -> list[str]:
    """Return for each run the model it is a fold of: its config and seed, or only itself."""
    folds: dict[str, list[int | None]] = defaultdict(list)
    for run in runs:
        folds[run.group].append(run.record.fold)
    return [
        run.group if len(folds[run.group]) == len(set(folds[run.group])) > 1 else run.name
        for run in runs
    ]
