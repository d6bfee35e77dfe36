from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.browse import augmented, check_pipeline, faults_of, innermost, training_set
from custom.errors import PodiumError
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.testing.toy_config import LOADERS
from custom.training.configuration import RunOptions, load_config
from custom.training.seeding import SampleKey
from tests.detection.datasets.test_competition import build, scope  # noqa: F401
from tests.detection.transforms.conftest import bboxes_of, picture, sample
from tools.browse import main

PACK = {"type": "PackDetInputs"}


@pytest.fixture(scope="module")
def competition(tmp_path_factory):
    return make_toy_competition(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def config_file(competition):
    return str(make_toy_config_file(competition, competition / "config_file.py"))


class _OwnDice(BaseTransform):
    """Draw from a generator that no seed reaches."""

    def __init__(self):
        self.dice = np.random.default_rng()

    def transform(self, results):
        results["img"] = results["img"] + self.dice.integers(0, 2, dtype=np.uint8)
        return results


class _Shift(BaseTransform):
    """Move the boxes out of the image, and make labels of another type."""

    def transform(self, results):
        results["gt_bboxes"].translate_([1000, 0])
        results["gt_bboxes_labels"] = results["gt_bboxes_labels"].astype(np.int32)
        return results


def test_a_sound_pipeline_has_no_faults(competition):
    fog = {"type": "RandomFog", "prob": 1.0}
    dataset = build(competition / "train.json", pipeline=[*LOADERS, fog, PACK])
    check = check_pipeline(dataset, num=12)
    assert check.faults == ()
    assert check.num_boxes == sum(map(len, dataset.image_labels))
    assert list(check.milliseconds) == ["0 LoadImageFromFile", "1 LoadAnnotations", "2 RandomFog"]
    assert all(value > 0 for value in check.milliseconds.values())


@pytest.mark.parametrize(
    ("kind", "message"),
    [(_OwnDice, "the same seed gives another sample"), (_Shift, "leaves the image")],
)
def test_faults_are_named_with_the_image(competition, kind, message):
    TRANSFORMS.register_module(module=kind, force=True)
    pipeline = [*LOADERS, {"type": kind.__name__}, PACK]
    check = check_pipeline(build(competition / "train.json", pipeline=pipeline), num=12)
    assert any(message in fault and fault.startswith("images/00") for fault in check.faults)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"img": picture().astype(np.float64)}, "but is float64", id="image type"),
        pytest.param({"img": np.full((60, 80, 3), np.nan, np.float32)}, "no numbers", id="nan"),
        pytest.param({"img_shape": (1, 2)}, r"but is \(1, 2\)", id="shape"),
        pytest.param({"gt_bboxes_labels": np.array([7])}, r"0 to 2, but are \[7\]", id="label"),
        pytest.param({"gt_ignore_flags": np.zeros(2, bool)}, "equally many", id="length"),
    ],
)
def test_each_invariant_can_fail(change, message):
    import re

    good = sample(picture(), [[1, 2, 3, 4]], [0])
    assert faults_of(good, 3) == []
    (fault,) = faults_of({**good, **change}, 3)
    assert re.search(message, fault)


def test_what_is_browsed_is_what_is_trained(competition):
    flip = [*LOADERS, {"type": "RandomFlip", "prob": 0.5}, PACK]
    dataset = build(competition / "train.json", pipeline=flip)
    for index in range(len(dataset)):
        key = SampleKey(index, 42)
        seen, trained = augmented(dataset, key), dataset[key]
        assert np.array_equal(seen["img"].transpose(2, 0, 1), trained["inputs"].numpy())
        found = trained["data_samples"].gt_instances.bboxes.tensor
        assert torch.equal(torch.as_tensor(bboxes_of(seen)), found)


def test_the_tool_writes_the_same_sheet_for_the_same_seed(config_file, tmp_path):
    sheets = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = tmp_path / f"{name}.png"
        assert main([config_file, "--out", str(out), "--num", "6", "--seed", seed]) == 0
        sheets.append(cv2.imread(str(out)))
    assert sheets[0].shape == (2 * 320, 4 * 320, 3)
    assert np.array_equal(sheets[0], sheets[1])
    assert not np.array_equal(sheets[0], sheets[2])


def test_the_tool_checks(config_file, capsys):
    assert main([config_file, "--check", "--num", "5"]) == 0
    printed = capsys.readouterr().out
    assert "RandomFlip" in printed
    assert "5 samples" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--num", "0"], "at least 1, but is 0", id="none"),
        pytest.param(["--num", "-3", "--check"], "at least 1, but is -3", id="negative"),
        pytest.param(["--out", "sheet.foo"], "ends in .png or .jpg", id="format"),
    ],
)
def test_what_cannot_be_browsed_is_refused(config_file, options, message):
    with pytest.raises(PodiumError, match=message):
        main([config_file, *options])


@pytest.fixture(scope="module")
def joined(config_file):
    """A config on a ConcatDataset of the training set, repeated, and the test set's file."""
    from mmengine.config import Config

    base = Config.fromfile(config_file)
    own = base.train_dataloader.dataset
    other = dict(own, ann_file="test.json", data_prefix=dict(img=""))
    repeated = dict(type="RepeatDataset", times=2, dataset=own)
    base.train_dataloader.dataset = dict(type="ConcatDataset", datasets=[repeated, other])
    path = Path(config_file).with_name("joined.py")
    base.dump(str(path))
    return str(path)


def test_samples_of_joined_data_sets_are_those_of_their_parts(joined):
    dataset = training_set(load_config(joined, RunOptions()))
    repeated, other = dataset.datasets
    assert (len(repeated), len(other)) == (12, 12)
    for index, part, place in ((0, 0, 0), (7, 0, 1), (11, 0, 5), (12, 1, 0), (23, 1, 11)):
        key = SampleKey(index, 42)
        inner, at = innermost(dataset, key)
        assert (inner, int(at)) == ((repeated.dataset, other)[part], place)
        assert at.sample_seed == key.sample_seed
        seen, trained = augmented(dataset, key), dataset[key]
        assert np.array_equal(seen["img"].transpose(2, 0, 1), trained["inputs"].numpy())


def test_the_tool_browses_joined_data_sets(joined, tmp_path, capsys):
    assert main([joined, "--out", str(tmp_path / "sheet.png"), "--num", "3"]) == 0
    assert main([joined, "--check", "--num", "4"]) == 0
    assert "4 samples" in capsys.readouterr().out


def test_the_tool_tells_what_is_normalized_twice(config_file, tmp_path, capsys):
    from mmengine.config import Config

    base = Config.fromfile(config_file)
    normalize = dict(type="Normalize", mean=[115.0] * 3, std=[60.0] * 3)
    base.train_dataloader.dataset.pipeline.insert(2, normalize)
    path = tmp_path / "twice.py"
    base.dump(str(path))
    assert main([str(path), "--check", "--num", "2"]) == 1
    printed = capsys.readouterr().out
    assert "warning: images must be normalized once" in printed
    assert "values from 0 to 255" in printed
