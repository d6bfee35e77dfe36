from __future__ import annotations

from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.gate import GatePolicy
from custom.gate.runs import policy_of
from custom.runs import Run, RunRecord, SplitEntry
from custom.runs.config import write_config


def run(folder: Path) -> Run:
    return Run(folder, RunRecord("a", SplitEntry("", ""), 0, {}, {}))


@pytest.mark.parametrize(
    "text",
    [
        "gate = dict(smallest_gain=0.003, metric='AP')",
        "gate = {'smallest_gain': 0.003, 'metric': 'AP'}",
        "import torch_is_not_needed\nother = f(x)\ngate = dict(smallest_gain=0.003, metric='AP')\n",
    ],
)
def test_read_from_a_config_in_python(tmp_path, text):
    (tmp_path / "config.py").write_text(text)
    assert policy_of(run(tmp_path)) == GatePolicy(metric="AP", smallest_gain=0.003)


def test_read_from_a_config_as_data(tmp_path):
    write_config(tmp_path, {"gate": {"metric": "AP"}, "other": 1}, "gate = f(x)")
    assert policy_of(run(tmp_path)) == GatePolicy(metric="AP")


def test_defaults_without_config_or_gate(tmp_path):
    assert policy_of(run(tmp_path)) == GatePolicy()
    (tmp_path / "config.py").write_text("model = dict(type='X')")
    assert policy_of(run(tmp_path)) == GatePolicy()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gate = dict(gain=0.1)", "gate: gain is unknown; the keys are metric, smallest_gain,"),
        ("gate = dict(confidence=95)", r"confidence must be in \[0.5, 1\), but is 95"),
        ("gate = dict(smallest_gain='0.1')", "gate: smallest_gain must be a number, but is '0.1'"),
        ("gate = dict(num_resamples=True)", "gate: num_resamples must be an integer, but is True"),
        ("gate = dict(seed=-1)", "gate: seed must be 0 at least, not -1"),
        ("gate = dict(smallest_gain=-1)", "smallest_gain must be in"),
        ("gate = dict(num_resamples=5)", "num_resamples must be 100 at least, not 5"),
        ("gate = compute()", r"config\.py:1: .* plain values.* has 'gate = compute\(\)'"),
        ("gate = 0.003", "gate must be a dict of numbers and names, not 0.003"),
        ("gate = dict(", "must be a config in Python"),
    ],
)
def test_bad_policies(tmp_path, text, message):
    (tmp_path / "config.py").write_text(text)
    with pytest.raises(PodiumError, match=message):
        policy_of(run(tmp_path))
