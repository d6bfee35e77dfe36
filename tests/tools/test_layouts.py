"""COCO's own layout with the organiser's val set, from split to test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.runs import read_run
from custom.splits import read_split
from custom.splits.check import find_annotations
from custom.testing.toy_competition import make_toy_config_file
from custom.testing.toy_layouts import make_layout
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config
from custom.training.extra_data import extra_data
from tools.import_run import main as import_main
from tools.split import main as split_main
from tools.test import main as predict_main
from tools.train import main as train_main

FACTS = {
    "train_ann": "annotations/instances_train2017.json",
    "val_ann": "annotations/instances_val2017.json",
    "test_ann": "annotations/image_info_test2017.json",
    "train_images": "train2017",
    "val_images": "val2017",
    "test_images": "test2017",
}


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set in COCO's layout, split by the command; all parts have the same names."""
    folder = tmp_path_factory.mktemp("layouts")
    data = folder / "data" / "coco"
    make_layout("coco", data)
    argv = [str(data / FACTS["train_ann"]), "--val", str(data / FACTS["val_ann"])]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert split_main([*argv, "--workers", "1"]) == 0
    return data


@pytest.fixture
def config_file(coco: Path) -> Path:
    split = str(coco / "splits" / "own-val")
    return make_toy_config_file(coco, coco.parent.parent / "coco.py", **FACTS, split=split)


def paths_of(config: Any, part: str) -> list[Path]:
    init_default_scope("mmdet")
    dataset = DATASETS.build(config[f"{part}_dataloader"].dataset)
    return [Path(dataset.get_data_info(i)["img_path"]) for i in range(len(dataset))]


def test_the_split_lies_with_the_data_set_and_saw_its_images(coco: Path) -> None:
    split = read_split(coco / "splits" / "own-val")
    assert all(split.contents)
    assert find_annotations(split) == coco / FACTS["train_ann"]
    assert find_annotations(split, "val") == coco / FACTS["val_ann"]


def test_each_part_is_read_from_its_own_folder(coco: Path, config_file: Path) -> None:
    config = load_config(config_file, RunOptions())
    for part, count in (("train", 12), ("val", 6), ("test", 4)):
        paths = paths_of(config, part)
        assert len(paths) == count
        assert {path.parent for path in paths} == {coco / f"{part}2017"}


def test_on_all_folds_the_val_images_are_trained_on_too(coco: Path, config_file: Path) -> None:
    config = load_config(config_file, RunOptions(fold="all"))
    (extra,) = extra_data(config)
    assert (extra.ann_file, extra.images) == (coco / FACTS["val_ann"], coco / "val2017")
    datasets = [dataset for dataset in config.train_dataloader.dataset.datasets]
    assert [dataset.data_prefix.img for dataset in datasets] == ["train2017", "val2017"]


def test_train_images_never_judge_in_their_place(config_file: Path) -> None:
    config = load_config(config_file, RunOptions())
    del config.competition["val_ann"]
    with pytest.raises(PodiumError, match=r"val_ann must name .*_val2017\.json, but is not"):
        check_before_training(config)


def test_a_run_is_trained_and_predicts_the_test_images(coco: Path, config_file: Path) -> None:
    run = coco.parent.parent / "runs" / "coco"
    workers = [f"{part}_dataloader.num_workers=2" for part in ("train", "val", "test")]
    assert train_main([str(config_file), "--work-dir", str(run), "--cfg-options", *workers]) == 0
    with pytest.raises(PodiumError, match=r"below .*nowhere, but 4 of 4 are missing"):
        predict_main([str(run), "--test-images", "nowhere"])
    assert predict_main([str(run)]) == 0
    predicted = read_run(run)
    assert predicted.test_predictions().num_images == 4
    assert predicted.val_predictions().image_ids.tolist() == list(range(6))
    # The same pictures in another folder, named by the option, give the same boxes.
    (coco / "test2017").rename(coco / "moved")
    try:
        out = str(run.with_name("moved.json"))
        assert predict_main([str(run), "--test-images", "moved", "--out", out]) == 0
        assert Path(out).read_bytes() == predicted.test_file.read_bytes()
    finally:
        (coco / "moved").rename(coco / "test2017")


def test_predictions_on_the_val_file_become_a_run(
    coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_json(coco / FACTS["val_ann"])["annotations"]
    keys = ("image_id", "category_id", "bbox")
    perfect = [{**{key: each[key] for key in keys}, "score": 0.9} for each in found]
    write_json(tmp_path / "val.json", perfect)
    monkeypatch.chdir(tmp_path)
    split = str(coco / "splits" / "own-val")
    argv = ["mate", "--val", "val.json", "--split", split, "--fold", "0", "--format", "coco"]
    assert not import_main(argv)
    assert read_run("runs/mate").record.value() == 1.0


def test_a_data_prefix_is_never_overwritten_in_silence(config_file: Path) -> None:
    key = "test_dataloader.dataset.data_prefix.img"
    same = load_config(config_file, RunOptions(overrides={key: "test2017/"}))
    assert same.test_dataloader.dataset.data_prefix.img == "test2017"
    with pytest.raises(PodiumError, match=r"is set to 'x'.* use 'test2017'.*_images, the folder"):
        load_config(config_file, RunOptions(overrides={key: "x"}))
    given = load_config(config_file, RunOptions(images={"test_images": "x"}, overrides={key: "x"}))
    assert given.test_dataloader.dataset.data_prefix.img == "x"
