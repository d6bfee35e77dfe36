"""The search: never worse than its starts, the same for a seed, blind to what judges it."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.search import choose, search, space
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.ensemble.search.studies import SearchSettings, candidates
from custom.errors import PodiumError
from custom.evaluation import score
from custom.tables import GroundTruth
from tests.ensemble.labelled import detector, ground_truth

SETTINGS = SearchSettings(trials=18, seed=3, inner_folds=3)


@pytest.fixture(scope="module")
def gt() -> GroundTruth:
    return ground_truth()


@pytest.fixture(scope="module")
def objective(gt: GroundTruth) -> Objective:
    models = [detector(gt, 1), detector(gt, 2), detector(gt, 3, found=0.3, false=300)]
    return Objective(models, gt, make_inner_folds(len(gt.images), 3, seed=3))


def starts(objective: Objective) -> list[FusionConfig]:
    singles = [space.alone(k, objective.num_models) for k in range(objective.num_models)]
    return [*space.defaults().values(), *singles]


def test_inner_folds_cut_no_group() -> None:
    clips = np.random.default_rng(0).permutation(np.repeat(np.arange(12), [1, 2, 3, 4] * 3))
    folds = make_inner_folds(30, 3, seed=0, groups=clips)
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(30))
    held = [set(clips[fold].tolist()) for fold in folds]
    assert sum(map(len, held)) == 12
    # No fold is further from 10 images than half of the largest group at either end.
    assert all(6 <= len(fold) <= 14 for fold in folds)
    with pytest.raises(PodiumError, match=r"fewer than 3 here.* one group holds 29 of 30"):
        make_inner_folds(30, 3, seed=0, groups=np.array([0] * 29 + [1]))


def test_a_model_alone_scores_what_it_scores_by_itself(objective: Objective) -> None:
    for k, model in enumerate(objective.models):
        value = objective.value(space.alone(k, 3), ALL)
        assert value == pytest.approx(score(objective.gt, model).value, abs=1e-12)


def test_inner_folds_are_scored_as_if_they_were_all_there_is(objective: Objective) -> None:
    config = FusionConfig(iou_thr=0.5)
    fused = fuse(objective.models, objective.gt.images, config)
    outcome = objective.outcome(config)
    everything = np.arange(len(objective.gt.images))
    rows = {ALL: everything}
    for k, fold in enumerate(objective.folds):
        rows[objective.on(k)] = fold
        rows[objective.without(k)] = np.setdiff1d(everything, fold)
    assert sorted(rows) == list(range(len(outcome.values)))
    for row, positions in rows.items():
        direct = score(objective.gt.take(positions), fused)
        np.testing.assert_allclose(outcome.per_class[row], direct.per_class, atol=1e-12)
        assert outcome.values[row] == pytest.approx(direct.value)


def test_inner_folds_cover_the_images_once() -> None:
    folds = make_inner_folds(10, 3, seed=0)
    assert sorted(np.concatenate(folds).tolist()) == list(range(10))
    assert [len(fold) for fold in folds] == [4, 3, 3]
    for bad in (1, 11):
        with pytest.raises(
            PodiumError, match=f"inner folds must be between 2 and the 10 images, but are {bad}"
        ):
            make_inner_folds(10, bad, seed=0)


def test_search_is_never_worse_than_what_it_starts_from(objective: Objective) -> None:
    result = search(objective.models, objective.gt, SETTINGS)
    values = [objective.value(config, ALL) for config in starts(objective)]
    assert result.chosen.in_sample >= max(values)
    assert max(result.singles) == result.references["best single model"].in_sample
    # Nothing was chosen for the references, so that no image tells them from others.
    for each in result.references.values():
        assert each.cross_validated == pytest.approx(each.in_sample, abs=1e-12)
    assert result.best_reference == "default WBF"
    gain = result.chosen.cross_validated - result.references["default WBF"].cross_validated
    assert result.comparison.difference == pytest.approx(gain)
    assert result.is_gain == (result.comparison.low > 0)
    assert len(result.by_fold) == 3


def test_the_cross_validated_score_is_of_choices_made_without_the_fold(
    objective: Objective,
) -> None:
    settings = replace(SETTINGS, trials=60)  # 20 without each fold: more than the starts
    result = search(objective.models, objective.gt, settings)
    expected, flattering = [], []
    for k in range(3):
        blind, seen = objective.without(k), objective.on(k)
        tried = candidates(objective, settings, starts(objective), blind, 60 // 3)
        for row, values in ((blind, expected), (seen, flattering)):
            (config,) = choose(objective, tried, row, per_class=False)
            values.append(objective.outcome(config).values[seen])
    np.testing.assert_allclose(result.by_fold, expected, atol=1e-12)
    assert result.chosen.cross_validated < np.mean(flattering)


def test_search_is_the_same_for_a_seed(objective: Objective) -> None:
    first, second = (search(objective.models, objective.gt, SETTINGS) for _ in range(2))
    assert first.configs == second.configs
    assert first.chosen == second.chosen
    other = candidates(objective, replace(SETTINGS, seed=4), starts(objective), ALL, 18)
    assert other != candidates(objective, SETTINGS, starts(objective), ALL, 18)


def test_a_search_that_was_cut_short_goes_on_to_the_same_end(
    objective: Objective, tmp_path: Path
) -> None:
    kept = replace(SETTINGS, storage=tmp_path / "deep" / "search.log")
    candidates(objective, kept, starts(objective), ALL, 11)
    resumed = candidates(objective, kept, starts(objective), ALL, 18)
    assert resumed == candidates(objective, SETTINGS, starts(objective), ALL, 18)


def test_what_a_kill_leaves_of_a_storage_is_gone_on_from(
    objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = Path("folder/search.log")
    kept = replace(SETTINGS, storage=storage)
    candidates(objective, kept, starts(objective), ALL, 11)
    whole = storage.read_bytes()
    storage.write_bytes(whole[:-7])  # killed while it appended
    # The link that Optuna's own lock leaves: relative, so that it leads nowhere.
    storage.with_name("search.log.lock").symlink_to(storage)
    resumed = candidates(objective, kept, starts(objective), ALL, 18)
    assert resumed == candidates(objective, SETTINGS, starts(objective), ALL, 18)
    lines = storage.read_text().splitlines()
    assert all("op_code" in json.loads(line) for line in lines)


def test_a_full_disk_ends_the_storage_and_not_the_search(
    objective: Objective,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    append, calls = JournalFileBackend.append_logs, iter(range(100))

    def until_full(backend: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        if next(calls) >= 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(backend, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", until_full)
    kept = replace(SETTINGS, storage=tmp_path / "search.log")
    found = candidates(objective, kept, starts(objective), ALL, 18)
    assert found == candidates(objective, SETTINGS, starts(objective), ALL, 18)
    assert "trials can no longer be kept (No space left on device)" in caplog.text


def test_workers_share_the_trials_of_a_storage(objective: Objective, tmp_path: Path) -> None:
    kept = replace(SETTINGS, storage=tmp_path / "search.log")
    candidates(objective, kept, starts(objective), ALL, 12)
    second = candidates(objective, replace(kept, worker=1), starts(objective), ALL, 15)
    alone = candidates(objective, SETTINGS, starts(objective), ALL, 15)
    assert second[:12] == alone[:12]
    assert second != alone


def test_other_models_do_not_go_on_from_a_storage(
    objective: Objective, gt: GroundTruth, tmp_path: Path
) -> None:
    kept = replace(SETTINGS, storage=tmp_path / "search.log")
    candidates(objective, kept, starts(objective), ALL, 12)
    others = Objective([detector(gt, k) for k in (7, 8, 9)], gt, objective.folds)
    fresh = candidates(others, SETTINGS, starts(others), ALL, 12)
    assert candidates(others, kept, starts(others), ALL, 12) == fresh


def test_a_file_that_holds_no_trials_is_refused_and_left(
    objective: Objective, tmp_path: Path
) -> None:
    other = tmp_path / "README.md"
    other.write_text("# Not trials\n")
    with pytest.raises(PodiumError, match=r"README\.md must hold the trials of a search"):
        candidates(objective, replace(SETTINGS, storage=other), starts(objective), ALL, 12)
    assert other.read_text() == "# Not trials\n"


@pytest.mark.parametrize("per_class", [False, True])
def test_what_is_chosen_without_a_fold_does_not_depend_on_it(
    objective: Objective, per_class: bool
) -> None:
    """The boxes of the fold are replaced by others; the choice stays."""
    gt, fold = objective.gt, 1
    inside = np.isin(gt.image_index, objective.folds[fold])
    moved = np.where(inside[:, None], [[0.0, 0.0, 30.0, 30.0]], gt.bboxes)
    changed = replace(gt, bboxes=moved)
    chosen = []
    for truth in (gt, changed):
        each = Objective(objective.models, truth, objective.folds)
        tried = candidates(each, SETTINGS, starts(each), each.without(fold), 18)
        chosen.append(choose(each, tried, each.without(fold), per_class))
    assert chosen[0] == chosen[1]
    assert objective.outcome(chosen[0][0]).values[objective.on(fold)] > 0.2


def test_a_fusion_for_each_class_is_at_least_as_good_in_sample(objective: Objective) -> None:
    together = search(objective.models, objective.gt, SETTINGS)
    by_class = search(objective.models, objective.gt, replace(SETTINGS, per_class=True))
    assert len(by_class.configs) == len(objective.gt.categories)
    assert by_class.chosen.in_sample >= together.chosen.in_sample - 1e-12
    assert by_class.steps == ()


@pytest.mark.parametrize("config", [*space.defaults().values(), space.alone(1, 3)])
def test_starts_are_points_of_the_space(config: FusionConfig) -> None:
    trial = optuna.trial.FixedTrial(space.params_of(config, 3))
    again = space.suggest(trial, 3)
    assert again.method == config.method
    assert again.weights == config.weights_for(3)
    if config.method != "soft_nms":
        assert again.iou_thr == config.iou_thr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trials": 0}, "trials must be at least 1, but is 0"),
        ({"seed": -1}, "seed must be at least 0, but is -1"),
        ({"worker": -1}, "worker must be at least 0, but is -1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        SearchSettings(**settings)
