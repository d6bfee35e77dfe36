"""Commands killed while they write: a few of the places that `benchmarks/kills.py --light` has."""

from __future__ import annotations

import os

import pytest

from custom import file_sets
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.kills import TOGETHER, kill_and_go_on, kill_everywhere, run_whole
from custom.testing.bad_days.stage import COMMANDS, make_stage

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> StageCopy:
    root = tmp_path_factory.mktemp("kills")
    return StageCopy(make_stage(root / "stage"), root / "case")


@pytest.mark.parametrize(
    ("name", "step", "start"),
    [
        ("ensemble-again", 4, 13),  # from the last record's write on
        ("submit-again", 3, 8),
        ("import-again", 3, 14),
        ("labels-repair-out", 3, 10),
        ("leaderboard-add", 2, 2),
        ("review-again", 60, 66),
    ],
)
def test_a_kill_leaves_old_or_new_and_the_next_run_works(
    name: str, step: int, start: int, copy: StageCopy
) -> None:
    kills, wrong = kill_everywhere(name, copy, step, start)
    assert kills >= 2
    assert not wrong, "\n".join(wrong)


def test_the_campaign_sees_a_pair_that_is_torn(
    copy: StageCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom.testing.bad_days.kills.complete", lambda folder: None)
    monkeypatch.setattr(file_sets, "complete", lambda folder: None)
    whole = run_whole("ensemble-again", copy)
    found = [kill_and_go_on("ensemble-again", n, whole, copy) for n in range(15, 19)]
    assert any("of 3 files that go together are new" in each for wrong in found for each in wrong)


def test_groups_are_of_commands() -> None:
    assert set(TOGETHER) <= set(COMMANDS)
