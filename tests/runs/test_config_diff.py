from __future__ import annotations

from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.runs.config_diff import config_differences, flat_config

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
def test_differences(edit: tuple[str, str], expected: list[str], tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_text(OLD)
    new.write_text(OLD.replace(*edit))
    assert new.read_text() != OLD
    assert config_differences(old, new) == expected


def test_a_config_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "c.py"
    path.write_text("import nothing_of_that_name\na = open('x')\n")
    assert flat_config(path) == {"a": "open('x')"}
    path.write_text("a = (")
    with pytest.raises(PodiumError, match="must be a config in Python"):
        flat_config(path)
