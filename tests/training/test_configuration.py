"""A config plus the command line's options gives the config that is run and recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from custom.errors import PodiumError
from custom.runs.config import decode, encode, parse_config
from custom.training.configuration import (
    RunOptions,
    competition_datasets,
    load_config,
    parse_overrides,
    set_num_classes,
)
from custom.training.pretrained import pretrained_weights

CONFIG_FILE = Path(__file__).resolve().parents[2] / "configs" / "bccd" / "yolox_nano.py"
SWIN = CONFIG_FILE.parents[1] / "trash" / "swin_t_cascade.py"


def test_one_option_reaches_every_data_set() -> None:
    config = load_config(CONFIG_FILE, RunOptions(data_root="/d", split="/s", fold=3))
    for part in ("train", "val", "test"):
        (dataset,) = competition_datasets(config[f"{part}_dataloader"])
        assert dataset["data_root"] == "/d"
        assert dataset["metainfo"]["classes"] == ("WBC", "RBC", "Platelets")
        assert dataset["ann_file"] == ("test.json" if part == "test" else "train.json")
        assert dataset.get("fold") == (None if part == "test" else 3)
    assert config.val_evaluator.ann_file == "/d/train.json"
    assert config.model.bbox_head.num_classes == 3
    assert config.work_dir == "runs/yolox_nano_fold3"


def test_cleaned_labels_are_trained_on_and_sealed_ones_judge() -> None:
    changes = {"competition.train_ann": "clean.json", "competition.val_ann": "train.json"}
    config = load_config(CONFIG_FILE, RunOptions(overrides=changes))
    assert config.train_dataloader.dataset.ann_file == "clean.json"
    assert config.val_dataloader.dataset.ann_file == "train.json"
    assert config.val_evaluator.ann_file == "data/bccd/train.json"


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        pytest.param("optim_wraper.optimizer.lr", "did you mean optim_wrapper", id="misspelt"),
        pytest.param("image_scale", "change it in a config", id="only config files use it"),
        pytest.param("seed", "change it in a config", id="unknown"),
    ],
)
def test_an_option_that_changes_nothing_is_refused(key: str, remedy: str) -> None:
    with pytest.raises(PodiumError, match=rf"one is {key}, which nothing reads .*{remedy}"):
        load_config(CONFIG_FILE, RunOptions(overrides={key: 1}))


def test_pretrained_weights_are_stripped_on_request(tmp_path: Path) -> None:
    assert pretrained_weights(load_config(SWIN, RunOptions()).model)
    bare = load_config(SWIN, RunOptions(pretrained=False))
    assert pretrained_weights(bare.model) == []
    assert bare.load_from is None
    (tmp_path / "w.pth").touch()
    given = load_config(SWIN, RunOptions(load_from=str(tmp_path / "w.pth")))
    assert (given.load_from, pretrained_weights(given.model)) == (str(tmp_path / "w.pth"), [])


def test_every_head_of_a_cascade_gets_the_classes() -> None:
    model = {"roi_head": {"bbox_head": [{"num_classes": 80}, {"num_classes": 80}]}}
    set_num_classes(model, 4)
    assert [head["num_classes"] for head in model["roi_head"]["bbox_head"]] == [4, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("model = dict(", "must be a valid config", id="syntax"),
        pytest.param("_base_ = './none.py'", "must be a valid config", id="base"),
        pytest.param("model = dict()", "must set `competition`", id="competition"),
    ],
)
def test_what_is_no_config_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config_file.py"
    path.write_text(text)
    with pytest.raises(PodiumError, match=message):
        load_config(path, RunOptions())
    with pytest.raises(PodiumError, match="must be a config file"):
        load_config(tmp_path / "absent.py", RunOptions())


def test_overrides_are_read_as_mmengine_reads_them() -> None:
    assert parse_overrides(["a.b=1", "c=[1,2]", "d=x"]) == {"a.b": 1, "c": [1, 2], "d": "x"}
    assert parse_overrides([]) == {}
    with pytest.raises(PodiumError, match="KEY=VALUE"):
        parse_overrides(["a"])


def test_the_resolved_config_reads_back_the_same(tmp_path: Path) -> None:
    config = load_config(CONFIG_FILE, RunOptions())
    (tmp_path / "config.py").write_text(config.pretty_text)
    assert Config.fromfile(tmp_path / "config.py").to_dict() == config.to_dict()


def test_the_resolved_config_is_data() -> None:
    for config_file in (CONFIG_FILE, SWIN):
        config = load_config(config_file, RunOptions())
        assert decode(encode(config.to_dict())) == config.to_dict()
        assert parse_config(config.pretty_text) == config.to_dict()


def test_hooks_that_are_no_dicts_are_refused() -> None:
    """What --cfg-options 'custom_hooks=[{"type":"EMAHook"}]' makes of itself: a list of text."""
    with pytest.raises(PodiumError, match="custom_hooks must be dicts with a type, but one is"):
        load_config(CONFIG_FILE, RunOptions(overrides={"custom_hooks": ['{"type":"EMAHook"}']}))


def test_no_workers_is_one_option() -> None:
    """torch refuses a loader without workers whose workers persist, as all of ours say."""
    config = load_config(CONFIG_FILE, RunOptions(overrides={"train_dataloader.num_workers": 0}))
    assert config.train_dataloader.persistent_workers is False
    assert config.val_dataloader.persistent_workers is True


def test_data_and_split_are_found_from_any_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "team" / "configs" / "mine" / "x.py"
    config.parent.mkdir(parents=True)
    config.write_text(f"_base_ = {str(CONFIG_FILE)!r}\n")
    split = tmp_path / "team" / "data" / "bccd" / "splits" / "5fold-seed42"
    split.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = load_config(config, RunOptions())
    assert found.competition.split == str(split)
    assert found.competition.data_root == str(split.parents[1])
    assert found.val_evaluator.ann_file == str(split.parents[1] / "train.json")
    given = load_config(config, RunOptions(split="data/bccd/splits/5fold-seed42"))
    assert given.competition.split == "data/bccd/splits/5fold-seed42"
    monkeypatch.chdir(tmp_path / "team")
    assert load_config(config, RunOptions()).competition.split == "data/bccd/splits/5fold-seed42"
