"""A run's config as data: lossless, checked against its hash, never executed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import canonical_hash
from custom.runs.config import config_hash, has_config, parse_config, read_config, write_config

EVERYTHING = {
    "none": None,
    "numbers": [1, -2, 0.1, 1e-7, 2**70, True],
    "infinite": {"high": math.inf, "low": -math.inf},
    "tuple": (1, (2, [3, (4,)]), ()),
    "empty": {"list": [], "dict": {}, "text": ""},
    "text": "Größe 'x' \"y\" \n$tuple",
    "keys": {0: "a", (1, 2): "b", None: "c"},
    "looks encoded": {"$tuple": [1], "$float": "inf"},
    "neck": [{"type": "FPN", "sizes": (8, 16)}, {"type": "SEPC"}],
}
TEXT = """
model = dict(type='X', sizes=[1, (2, 3)], eps=1e-05, top=inf, low=-inf, none=None)
lr_mult = {'backbone.norm': 0.1, 3: True}
optimizer = dict(type=torch.optim.sgd.SGD)
"""


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_config(tmp_path, EVERYTHING, "for people")
    found = read_config(tmp_path, config_hash(EVERYTHING))
    assert found == EVERYTHING
    assert repr(found) == repr(EVERYTHING), "types and order too"
    assert (tmp_path / "config.py").read_text() == "for people"
    json.loads((tmp_path / "config.json").read_text(), parse_constant=pytest.fail)


def test_nan_is_kept(tmp_path: Path) -> None:
    write_config(tmp_path, {"a": math.nan}, "")
    assert math.isnan(read_config(tmp_path)["a"])


def test_classes_become_names_and_arrays_lists(tmp_path: Path) -> None:
    config = {"type": Path, "mean": np.array([1.5, 2.0]), "count": np.int64(3)}
    write_config(tmp_path, config, "")
    assert read_config(tmp_path) == {"type": "pathlib.Path", "mean": [1.5, 2.0], "count": 3}


def test_what_is_no_data_is_refused_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"config\.model\.neck\[1\]\.sizes must be plain data"):
        write_config(tmp_path, {"model": {"neck": [1, {"sizes": {1, 2}}]}}, "")
    assert not has_config(tmp_path)


def test_the_hash_is_of_the_content_not_of_the_order() -> None:
    assert config_hash({"a": 1, "b": (2,)}) == config_hash({"b": (2,), "a": 1})
    assert config_hash({"b": (2,)}) != config_hash({"b": [2]})


def test_python_is_read_as_data() -> None:
    assert parse_config(TEXT) == {
        "model": {
            "type": "X", "sizes": [1, (2, 3)], "eps": 1e-5, "top": math.inf, "low": -math.inf,
            "none": None,
        },
        "lr_mult": {"backbone.norm": 0.1, 3: True},
        "optimizer": {"type": "torch.optim.sgd.SGD"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "a = open('x', 'w')",
        "a = __import__('os').system('true')",
        "a = [x for x in (1,)]",
        "a = dict(b, c=1)",
        "a = dict(**b)",
        "a = -'x'",
        "a.b = 1",
        "a += 1",
        "dict(a=1)",
    ],
)
def test_code_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(PodiumError, match="config:2: a run's config must be plain values"):
        parse_config(f"first = 1\n{line}\n")


@pytest.mark.parametrize("kept", ["text", "data"])
def test_an_older_run_has_no_data(kept: str, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(TEXT)
    expected = canonical_hash(TEXT) if kept == "text" else config_hash(parse_config(TEXT))
    assert read_config(tmp_path, expected) == parse_config(TEXT)
    assert read_config(tmp_path, expected if kept == "text" else None, only=("model",)) == {
        "model": parse_config(TEXT)["model"]
    }


def test_changed_content_is_refused(tmp_path: Path) -> None:
    write_config(tmp_path, {"a": 1}, "a = 1")
    expected = config_hash({"a": 1})
    assert read_config(tmp_path, expected, only=()) == {}
    (tmp_path / "config.json").write_text('{"a": 2}')
    with pytest.raises(PodiumError, match=r"config\.json must be .* content has changed"):
        read_config(tmp_path, expected, only=())
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.py").write_text("a = 2")
    with pytest.raises(PodiumError, match=r"config\.py must be .* content has changed"):
        read_config(tmp_path, expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("[1]", "must hold a config's keys, but holds a list", id="list"),
        pytest.param('{"a": ', "must be a run's config in JSON", id="cut short"),
        pytest.param('{"a": {"$float": "x"}}', "must be a run's config in JSON", id="form"),
        pytest.param('{"a": {"$dict": [[[], 1]]}}', "must be a run's config in JSON", id="key"),
    ],
)
def test_damaged_data_is_named(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(PodiumError, match=rf"config\.json {message}"):
        read_config(tmp_path)


def test_no_config_at_all(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"cannot read .*config\.py"):
        read_config(tmp_path)
