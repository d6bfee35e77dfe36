from __future__ import annotations

import pytest

from custom.errors import PodiumError
from custom.gate import GatePolicy


@pytest.mark.parametrize(
    "text",
    [
        "gate = dict(smallest_gain=0.003, metric='AP')",
        "gate = {'smallest_gain': 0.003, 'metric': 'AP'}",
        "import torch_is_not_needed\nother = f(x)\ngate = dict(smallest_gain=0.003, metric='AP')\n",
    ],
)
def test_read_from_a_config(tmp_path, text):
    path = tmp_path / "config.py"
    path.write_text(text)
    assert GatePolicy.from_config(path) == GatePolicy(metric="AP", smallest_gain=0.003)


def test_defaults_without_config_or_gate(tmp_path):
    assert GatePolicy.from_config(tmp_path / "config.py") == GatePolicy()
    (tmp_path / "config.py").write_text("model = dict(type='X')")
    assert GatePolicy.from_config(tmp_path / "config.py") == GatePolicy()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gate = dict(gain=0.1)", "keys must be among .* not 'gain'"),
        ("gate = dict(confidence=95)", r"confidence must be in \[0.5, 1\), but is 95"),
        ("gate = dict(smallest_gain=-1)", "smallest_gain must be in"),
        ("gate = dict(num_resamples=5)", "num_resamples must be 100 at least, not 5"),
        ("gate = compute()", "gate must be a dict of numbers and names"),
        ("gate = dict(", "must be a config in Python"),
    ],
)
def test_bad_policies(tmp_path, text, message):
    path = tmp_path / "config.py"
    path.write_text(text)
    with pytest.raises(PodiumError, match=message):
        GatePolicy.from_config(path)
