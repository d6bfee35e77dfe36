"""Extra data: trained on besides, classes matched by name, never judged by, and recorded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from custom.errors import PodiumError
from custom.files import read_json, sha256_of, write_json
from custom.splits import make_split, read_split, seal
from custom.splits.fingerprints import fingerprint_images
from custom.splits.make import Evidence
from custom.tables.coco import read_ground_truth
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.testing.toy_data import make_toy_coco
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config
from custom.training.extra_data import ExtraData, describe_extra_data, extra_data


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition sealed with its images' contents, and five images from elsewhere in more/.

    Their files are named as the competition's, and their classes stand in another order.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = make_toy_competition(tmp_path / "data")
    gt = read_ground_truth(folder / "train.json")
    contents = fingerprint_images(folder, gt.images, workers=1).contents
    seal(make_split(gt, 2, 42, evidence=Evidence(contents)), folder / "splits" / "seen")
    path = make_toy_coco(folder / "more", num_images=5, seed=9)
    content = read_json(path)
    content["categories"] = [{"id": 7, "name": "blue"}, {"id": 3, "name": "red"}]
    kept = [a for a in content["annotations"] if a["category_id"] != 1]
    content["annotations"] = [{**a, "category_id": {0: 3, 2: 7}[a["category_id"]]} for a in kept]
    write_json(path, content)
    return folder


@pytest.fixture
def config_file(data: Path) -> Path:
    return make_toy_config_file(data, data.parent / "toy.py")


def loaded(config_file: Path, *entries: Any, **overrides: Any) -> Config:
    keys = {"competition.split": str(config_file.parent / "data" / "splits" / "seen"), **overrides}
    if entries:
        keys["competition.extra_train"] = list(entries)
    return load_config(config_file, RunOptions(overrides=keys))


def built(config: Config) -> Any:
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    init_default_scope("mmdet")
    return DATASETS.build(config.train_dataloader.dataset)


MORE = {"ann": "more/train.json"}


def test_extra_images_are_trained_on_with_their_classes_by_name(
    data: Path, config_file: Path
) -> None:
    config = loaded(config_file, MORE)
    check_before_training(config)
    dataset = built(config)
    own, extra = dataset.datasets
    assert (len(own), len(extra)) == (6, 5)
    names = {3: "red", 7: "blue"}
    content = read_json(data / "more" / "train.json")
    expected = Counter(names[a["category_id"]] for a in content["annotations"])
    labels = np.concatenate([labels for labels in extra.image_labels if len(labels)])
    assert Counter(("red", "green", "blue")[label] for label in labels.tolist()) == expected
    assert extra.get_data_info(0)["img_path"] == str(data / "more" / "images" / "0000.png")
    assert len(dataset.image_labels) == 11


def test_a_concat_dataset_of_two_files_reads_both(data: Path, config_file: Path) -> None:
    base = Config.fromfile(config_file)
    part = base.train_dataloader.dataset
    parts = [dict(part), dict(part, ann_file="more/train.json", data_prefix=dict(img="more"))]
    base.train_dataloader.dataset = dict(type="ConcatDataset", datasets=parts)
    base.dump(str(config_file.with_name("concat.py")))
    config = loaded(config_file.with_name("concat.py"))
    check_before_training(config)
    assert [len(part) for part in built(config).datasets] == [6, 5]
    assert extra_data(config) == [ExtraData(data / "more" / "train.json", data / "more", 1.0)]


@pytest.mark.parametrize(("weight", "drawn"), [(2, 6 + 10), (0.6, 6 + 3), (1, 11)])
def test_a_weight_says_how_often_an_image_is_drawn(
    config_file: Path, weight: float, drawn: int
) -> None:
    from custom.training.seeding.samplers import SeededSampler

    dataset = built(loaded(config_file, {**MORE, "weight": weight}))
    sampler = SeededSampler(dataset, seed=42)
    counts = []
    for epoch in range(20):
        sampler.set_epoch(epoch)
        keys = [int(key) for key in sampler]
        assert len(keys) == len(sampler) == drawn
        counts.append(np.bincount(keys, minlength=11))
    assert (np.stack(counts)[:, :6] == 1).all()
    extra = np.stack(counts)[:, 6:]
    assert set(extra.ravel().tolist()) <= {int(np.floor(weight)), int(np.ceil(weight))}
    assert extra.mean() == pytest.approx(weight)
    assert (extra.sum(axis=0) > 0).all()  # not the same ones each time


def test_a_run_s_own_config_has_its_extra_data_once(config_file: Path, tmp_path: Path) -> None:
    config = loaded(config_file, {**MORE, "weight": 2})
    path = tmp_path / "again.py"
    path.write_text(config.pretty_text)
    again = load_config(path, RunOptions())
    assert extra_data(again) == extra_data(config)
    assert len(extra_data(again)) == 1


def test_the_record_says_what_was_trained_on_besides(data: Path, config_file: Path) -> None:
    path = data / "more" / "train.json"
    (entry,) = describe_extra_data(loaded(config_file, {**MORE, "weight": 2}))
    assert entry == {
        "ann_file": str(path), "sha256": sha256_of(path), "images": str(data / "more"),
        "num_images": 5, "weight": 2.0,
    }  # fmt: skip
    assert describe_extra_data(loaded(config_file)) == []


def val_image(data: Path) -> None:
    """An extra image with the content of one that judges, under another name."""
    name = read_split(data / "splits" / "seen").val_file_names(0)[0]
    (data / "more" / "images" / "0002.png").write_bytes((data / name).read_bytes())


def another_class(data: Path) -> None:
    path = data / "more" / "train.json"
    content = read_json(path)
    content["categories"][0]["name"] = "violet"
    write_json(path, content)


def no_image(data: Path) -> None:
    (data / "more" / "images" / "0004.png").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(val_image, "must not hold val images of fold 0 .*/0002.png", id="leak"),
        pytest.param(another_class, "boxes of 'violet'; rename", id="class"),
        pytest.param(no_image, "0004.png", id="image"),
    ],
)
def test_extra_data_is_checked(data: Path, config_file: Path, spoil: Any, message: str) -> None:
    spoil(data)
    with pytest.raises(PodiumError, match=message):
        check_before_training(loaded(config_file, MORE))


def test_lacking_classes_are_said(config_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    check_before_training(loaded(config_file, MORE))
    assert any("has no boxes of green" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param({"ann": "none.json"}, "there is no .*none.json", id="no file"),
        pytest.param({"file": "x.json"}, "must be a list of dict", id="no ann"),
        pytest.param({**MORE, "image": "x"}, "one has 'image'", id="key"),
        pytest.param({**MORE, "weight": 0}, "must be above 0", id="weight"),
        pytest.param({**MORE, "weight": "2"}, "must be above 0", id="weight as text"),
    ],
)
def test_entries_that_cannot_be_used_are_refused(
    config_file: Path, entry: Any, message: str
) -> None:
    with pytest.raises(PodiumError, match=message):
        check_before_training(loaded(config_file, entry))
