"""A killed training, resumed, ends as the uninterrupted one: the same bytes, the same tensors.

Epochs have 4 iterations and validations 4 batches; a resume point is written every 2 iterations.
`benchmarks/kills.py` does the same at random times and at each rename and fsync.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from custom.files import read_json
from custom.testing.killed_trainings import (
    COUNTS,
    Kill,
    differences,
    run_until_done,
    start,
    train_once,
)

# What is written after a training, in this order.
LAST_FILES = ("best.pth", "val.json", "config.py", "config.json", "run.json")


def events_of(folder: Path) -> dict[str, float]:
    """Return what happened in the process that ended a training."""
    return read_json(folder.with_name(f"{folder.name}.{COUNTS}"))


@pytest.mark.parametrize(
    ("setting", "kills"),
    [
        pytest.param("no-worker", [Kill("iteration", 8)], id="no worker, mid-epoch"),
        pytest.param("one-worker", [Kill("iteration", 8)], id="one worker, mid-epoch"),
        pytest.param("two-workers", [Kill("iteration", 8)], id="two workers, mid-epoch"),
        pytest.param("two-workers", [Kill("iteration", 5)], id="two workers, at the edge"),
        pytest.param("persistent", [Kill("validation", 6)], id="persistent, in validation"),
        pytest.param("persistent", [Kill("fsync", 8)], id="persistent, in a save"),
        pytest.param("accumulation", [Kill("iteration", 6)], id="accumulation"),
        pytest.param("ema", [Kill("iteration", 8)], id="averaged weights"),
        pytest.param("stages", [Kill("iteration", 11)], id="stages"),
        pytest.param("balanced", [Kill("iteration", 8)], id="balanced"),
        pytest.param(
            "everything", [Kill("iteration", 4), Kill("iteration", 5)], id="everything, twice"
        ),
    ],
)
def test_a_killed_training_goes_on_as_if_it_had_not_been(
    setting, kills, setting_config, uninterrupted, tmp_path
):
    folder = tmp_path / "killed"
    outcome = run_until_done(setting_config(setting), folder, kills)
    assert outcome.codes == [-signal.SIGKILL] * len(kills) + [0]
    whole = uninterrupted(setting)
    # It did go on, and did not begin anew.
    assert events_of(folder)["iteration"] < events_of(whole)["iteration"]
    assert differences(whole, folder) == []
    assert sorted(path.name for path in folder.glob("*.pth")) == ["best.pth", "last.pth"]
    assert list(folder.glob(".*")) == []


def test_a_run_that_was_trained_is_finished_without_training(
    setting_config, uninterrupted, tmp_path
):
    config, whole, trained = setting_config("two-workers"), uninterrupted("two-workers"), "trained"
    before_best = Kill("replace", events_of(whole)["replace"] - len(LAST_FILES) + 1)
    assert train_once(config, tmp_path / trained, kill=before_best) == -signal.SIGKILL
    assert (tmp_path / trained / "trained.json").exists()
    assert not (tmp_path / trained / "best.pth").exists()
    for number in range(1, 1 + len(LAST_FILES)):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / trained, folder)
        run_until_done(config, folder, [Kill("replace", number, after=True)])
        if number < len(
            LAST_FILES
        ):  # of the process that ended it, where run.json was not the last
            # The predictions of the best validation were kept.
            assert not {"iteration", "validation"} & set(events_of(folder))
        assert differences(whole, folder) == []


def test_predictions_that_are_not_the_best_weights_own_are_made_again(
    setting_config, uninterrupted, tmp_path
):
    config, whole = setting_config("two-workers"), uninterrupted("two-workers")
    folder = tmp_path / "run"
    before_best = Kill("replace", events_of(whole)["replace"] - len(LAST_FILES) + 1)
    train_once(config, folder, kill=before_best)
    best = folder / read_json(folder / "trained.json")["best"]["file"]
    kept = best.with_suffix(".json")
    kept.write_bytes(kept.read_bytes().replace(b"1", b"2", 1))
    assert run_until_done(config, folder).codes == [0]
    assert "not what the validation predicted" in folder.with_name("run.log").read_text()
    assert differences(whole, folder) == []


@pytest.mark.parametrize(
    ("kill", "code"),
    [
        pytest.param(Kill("iteration", 7, signum=signal.SIGINT), 130, id="Ctrl-C"),
        pytest.param(Kill("iteration", 7, signum=signal.SIGTERM), 143, id="SIGTERM"),
        pytest.param(Kill("validation", 6, signum=signal.SIGINT), 130, id="in validation"),
        pytest.param(Kill("fsync", 8, signum=signal.SIGINT), 130, id="in a save"),
    ],
)
def test_a_signal_ends_a_training_with_a_point_to_go_on_from(
    kill, code, setting_config, uninterrupted, tmp_path
):
    config, folder = setting_config("accumulation"), tmp_path / "run"
    assert train_once(config, folder, kill=kill) == code
    said = folder.with_name("run.log").read_text()
    assert f"interrupted: the same command with --resume goes on from {folder}/last.pth" in said
    assert "Traceback" not in said
    assert run_until_done(config, folder).codes == [0]
    if kill.event == "iteration":  # the iteration was finished and is not repeated
        assert events_of(folder)["iteration"] == 12 - 7
    assert differences(uninterrupted("accumulation"), folder) == []


def test_a_second_training_in_a_folder_is_told_and_a_killed_one_holds_it_no_more(
    setting_config, uninterrupted, tmp_path
):
    config, folder = setting_config("persistent"), tmp_path / "run"
    # Stopped, not killed: it lives, and its workers do.
    first = start(config, folder, kill=Kill("iteration", 7, signum=signal.SIGSTOP))
    while first.is_alive() and not (folder / "last.pth").exists():
        first.join(0.05)
    assert train_once(config, folder, resume=True) == 2
    assert "is in use by another training" in folder.with_name("run.log").read_text()
    first.kill()
    first.join()
    assert run_until_done(config, folder).codes == [0]
    assert differences(uninterrupted("persistent"), folder) == []
