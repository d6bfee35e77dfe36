"""The folders and files that tools and organisers give a data set, from split to test."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope

from custom.errors import PodiumError
from custom.image_files import find_images
from custom.runs import read_run
from custom.splits import read_split
from custom.splits.check import find_annotations
from custom.testing.toy_competition import make_toy_config_file
from custom.testing.toy_layouts import make_layout
from custom.training.configuration import RunOptions, load_config
from tools.split import main as split_main
from tools.test import main as predict_main
from tools.train import main as train_main


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with COCO's layout in `data/coco`, split by the command."""
    folder = tmp_path_factory.mktemp("layouts")
    make_layout("coco", folder / "data" / "coco")
    ann_file = folder / "data/coco/annotations/instances_train2017.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert split_main([str(ann_file), "--folds", "2", "--workers", "1"]) == 0
    return folder


@pytest.fixture
def config_file(coco: Path) -> Path:
    facts = {
        "train_ann": "annotations/instances_train2017.json",
        "test_ann": "annotations/image_info_test2017.json",
        "train_images": "train2017",
        "test_images": "test2017",
        "split": str(coco / "data/coco/splits/2fold-seed42"),
    }
    return make_toy_config_file(coco / "data/coco", coco / "coco.py", **facts)


def test_the_split_lies_with_the_data_set_and_saw_its_images(coco: Path) -> None:
    split = read_split(coco / "data/coco/splits/2fold-seed42")
    assert all(split.contents)
    assert find_annotations(split) == coco / "data/coco/annotations/instances_train2017.json"


def test_each_part_is_read_from_its_own_folder(coco: Path, config_file: Path) -> None:
    config = load_config(config_file, RunOptions())
    init_default_scope("mmdet")
    for part, folder in (("train", "train2017"), ("val", "train2017"), ("test", "test2017")):
        dataset = DATASETS.build(config[f"{part}_dataloader"].dataset)
        paths = {Path(dataset.get_data_info(i)["img_path"]).parent for i in range(len(dataset))}
        assert paths == {coco / "data/coco" / folder}


def test_a_run_is_trained_and_predicts_the_test_images(
    coco: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = coco / "runs/coco"
    workers = [f"{part}_dataloader.num_workers=2" for part in ("train", "val", "test")]
    assert train_main([str(config_file), "--work-dir", str(run), "--cfg-options", *workers]) == 0
    with pytest.raises(PodiumError, match=r"below .*nowhere, but 4 of 4 are missing"):
        predict_main([str(run), "--test-images", "nowhere"])
    seen = []
    monkeypatch.setattr(
        "custom.training.test_set.check_image_files",
        lambda images, folder: seen.append(len(find_images(folder, images.file_names).missing)),
    )
    assert predict_main([str(run)]) == 0
    assert seen == [0]
    assert read_run(run).test_predictions().num_images == 4


def test_a_data_prefix_is_never_overwritten_in_silence(config_file: Path) -> None:
    key = "test_dataloader.dataset.data_prefix.img"
    same = load_config(config_file, RunOptions(overrides={key: "test2017/"}))
    assert same.test_dataloader.dataset.data_prefix.img == "test2017"
    with pytest.raises(PodiumError, match=r"is set to 'x'.* use 'test2017'.*_images, the folder"):
        load_config(config_file, RunOptions(overrides={key: "x"}))
    given = load_config(config_file, RunOptions(images={"test_images": "x"}, overrides={key: "x"}))
    assert given.test_dataloader.dataset.data_prefix.img == "x"
