"""The gate decides by the competition's metric, in its direction, at its threshold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import METRICS
from custom.gate import INCONCLUSIVE, GatePolicy, gate
from custom.gate.runs import gate_runs
from custom.runs import update_record
from custom.tables import Predictions
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tests.gate.cases import evidence

BASE, BETTER = evidence((0.5, 0.5), 1), evidence((0.8, 0.8), 2)


@pytest.fixture
def loss(monkeypatch: pytest.MonkeyPatch) -> str:
    """1 - wheat, of which less is better."""
    wheat = METRICS["wheat"]
    metric = replace(
        wheat,
        name="loss",
        per_class=lambda matches, weights: 1 - wheat.per_class(matches, weights),
        greater_is_better=False,
    )
    monkeypatch.setitem(METRICS, "loss", metric)
    return "loss"


def test_where_less_is_better_a_fall_is_accepted(loss: str) -> None:
    policy = GatePolicy(metric=loss, num_resamples=200)
    verdict = gate([BETTER], [BASE], policy)
    wheat = gate([BETTER], [BASE], replace(policy, metric="wheat"))
    assert verdict.decision == wheat.decision == "accept"
    assert verdict.overall.difference == pytest.approx(-wheat.overall.difference)
    assert verdict.overall.high < 0 < wheat.overall.low
    assert verdict.p_value == pytest.approx(wheat.p_value)
    assert gate([BASE], [BETTER], policy).decision == "reject"
    close = evidence((0.5, 0.5), 3)
    verdict = gate([close], [BASE], policy)
    assert verdict.decision == INCONCLUSIVE
    other = gate([close], [BASE], replace(policy, metric="wheat"))
    assert verdict.needed.images == other.needed.images


def test_false_boxes_below_the_threshold_change_nothing() -> None:
    found, num_images = BETTER.predictions, len(BETTER.gt.images)
    every = np.arange(num_images)
    crowded = Predictions.from_rows(
        found.image_ids,
        np.concatenate([found.image_index, every]),
        np.concatenate([found.bboxes, np.tile([800.0, 800.0, 900.0, 900.0], (num_images, 1))]),
        np.concatenate([0.5 + found.scores / 2, np.full(num_images, 0.1)]),
        np.concatenate([found.labels, every % 2]),
    )
    policy = GatePolicy(metric="wheat", num_resamples=200)
    verdict = gate([replace(BETTER, predictions=crowded)], [BASE], policy)
    assert verdict.overall.new == gate([BETTER], [BASE], policy).overall.new


def test_the_metric_is_the_one_that_the_runs_record(tmp_path: Path) -> None:
    make_toy_split(tmp_path, num_images=30)
    for name, seed in (("new", 1), ("base", 2)):
        make_toy_run(tmp_path, tmp_path / "runs" / name, seed=seed)
        update_record(tmp_path / "runs" / name, metric="gbr_f2")
    names = [str(tmp_path / "runs" / name) for name in ("new", "base")]
    assert gate_runs(names[:1], names[1:]).overall.name == "gbr_f2"
    (tmp_path / "runs" / "new" / "config.py").write_text("gate = dict(metric='wheat')\n")
    assert gate_runs(names[:1], names[1:]).overall.name == "wheat"


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(PodiumError, match=r"metric must be one of AP50, .* but is 'map'"):
        GatePolicy(metric="map")
