"""What is set and would be thrown away is refused, or honoured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from custom.errors import PodiumError
from custom.training.configuration import RunOptions, load_config

CONFIG_FILE = Path(__file__).resolve().parents[2] / "configs" / "bccd" / "yolox_nano.py"
DATASET = "train_dataloader.dataset"


def loaded(seed: int | None = None, folder: str | None = None, **overrides: Any) -> Any:
    options = RunOptions(seed=seed, work_dir=folder, overrides=overrides)
    return load_config(CONFIG_FILE, options)


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        pytest.param(f"{DATASET}.ann_file", "no.json", "set competition.train_ann", id="train"),
        pytest.param("val_dataloader.dataset.ann_file", "no.json", "competition.val_ann", id="val"),
        pytest.param("test_dataloader.dataset.ann_file", "x.json", "test_ann", id="test"),
        pytest.param(f"{DATASET}.data_root", "/elsewhere", "competition.data_root", id="root"),
        pytest.param(f"{DATASET}.data_prefix.img", "train/", "names start from", id="prefix"),
        pytest.param(f"{DATASET}.metainfo.classes", ("a",), "competition.classes", id="classes"),
        pytest.param(f"{DATASET}.split", "other/split", "set competition.split", id="split"),
        pytest.param(f"{DATASET}.fold", 3, "set competition.fold", id="fold"),
        pytest.param("val_evaluator.ann_file", "nothing.json", "competition.val_ann", id="metric"),
        pytest.param("randomness.diff_rank_seed", True, "take it out", id="rank seed"),
    ],
)
def test_what_the_facts_would_overwrite_is_refused(key: str, value: Any, remedy: str) -> None:
    with pytest.raises(PodiumError, match=rf"{key.rpartition('.')[2]}.*{remedy}"):
        loaded(**{key: value})


def test_what_says_the_same_is_no_contradiction(tmp_path: Path) -> None:
    same = {
        f"{DATASET}.ann_file": "train.json",
        f"{DATASET}.data_root": "data/bccd/",
        "val_evaluator.ann_file": "data/bccd/train.json",
    }
    assert loaded(**same).train_dataloader.dataset.ann_file == "train.json"
    # A run's own resolved config has them all, for its own folder of data.
    (tmp_path / "config.py").write_text(loaded().pretty_text)
    moved = load_config(tmp_path / "config.py", RunOptions(data_root="/moved", fold=2))
    assert moved.val_evaluator.ann_file == "/moved/train.json"
    assert moved.train_dataloader.dataset.fold == 2


def test_the_folder_is_the_option_s_then_the_config_s_then_the_name_s() -> None:
    assert loaded().work_dir == "runs/yolox_nano"
    assert loaded(**{"work_dir": "elsewhere/x"}).work_dir == "elsewhere/x"
    assert loaded(folder="given/y", **{"work_dir": "elsewhere/x"}).work_dir == "given/y"


def test_the_seed_is_the_option_s_then_the_config_s_then_42(tmp_path: Path) -> None:
    assert loaded().randomness.seed == 42
    assert loaded(**{"randomness.seed": 7}).randomness.seed == 7
    assert loaded(**{"randomness.seed": 7}).work_dir == "runs/yolox_nano_seed7"
    assert loaded(seed=7, **{"randomness.seed": 7}).randomness.seed == 7
    with pytest.raises(PodiumError, match=r"--seed is 8, but --cfg-options sets .* to 7"):
        loaded(seed=8, **{"randomness.seed": 7})
    path = tmp_path / "own.py"
    path.write_text(f"_base_ = {str(CONFIG_FILE)!r}\nrandomness = dict(seed=5)\n")
    assert load_config(path, RunOptions()).randomness.seed == 5
    assert load_config(path, RunOptions(seed=9)).randomness.seed == 9


@pytest.mark.parametrize(
    ("key", "near"), [("extra_trian", "did you mean extra_train"), ("train", "did you mean")]
)
def test_a_misspelt_fact_is_refused(key: str, near: str) -> None:
    with pytest.raises(PodiumError, match=f"competition has no '{key}'.*{near}"):
        loaded(**{f"competition.{key}": []})
