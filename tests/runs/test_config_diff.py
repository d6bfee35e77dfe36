from __future__ import annotations

import pytest

from custom.runs.config import parse_config
from custom.runs.config_diff import config_differences

OLD = """
model = dict(depth=18, neck=[dict(type='FPN', sizes=[1, 2]), dict(type='SEPC')])
randomness = dict(seed=42)
work_dir = 'runs/a'
gate = dict(smallest_gain=0.0)
train = {'batch': 8, 'sampler': dict(seed=1, shuffle=True)}
"""


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(("seed=42", "seed=43"), [], id="seed"),
        pytest.param(("seed=1,", "seed=2,"), [], id="inner seed"),
        pytest.param(("runs/a", "runs/b"), [], id="folder"),
        pytest.param(("gain=0.0", "gain=0.003"), [], id="what the gate asks"),
        pytest.param(("depth=18", "depth=50"), ["model.depth: 18 -> 50"], id="value"),
        pytest.param(("'batch': 8", "'batch': 4"), ["train.batch: 8 -> 4"], id="braces"),
        pytest.param(
            ("[1, 2]", "[1, 3]"), ["model.neck.0.sizes: [1, 2] -> [1, 3]"], id="list of numbers"
        ),
        pytest.param(
            (", dict(type='SEPC')", ""), ["model.neck.1.type: 'SEPC' -> absent"], id="removed"
        ),
        pytest.param(("depth=18", "depth=18, a=1"), ["model.a: absent -> 1"], id="added"),
    ],
)
def test_differences(edit: tuple[str, str], expected: list[str]) -> None:
    old, new = parse_config(OLD), parse_config(OLD.replace(*edit))
    assert new != old
    assert config_differences(old, new) == expected
