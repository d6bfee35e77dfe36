"""What a procedure changes in the config that predicts."""

from __future__ import annotations

import copy

import pytest
from mmengine.config import Config

import custom.detection  # noqa: F401 (registers the views)
from custom.errors import PodiumError
from custom.runs import Procedure
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.prediction import apply_procedure


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("toy")
    return Config.fromfile(make_toy_config_file(make_toy_competition(folder), folder / "toy.py"))


def applied(toy: Config, procedure: Procedure, **changes) -> Config:
    config = copy.deepcopy(toy)
    config.merge_from_dict(changes)
    apply_procedure(config, procedure)
    return config


def test_values_reach_the_detector_and_the_loader(toy: Config) -> None:
    config = applied(toy, Procedure(score_thr=0.3, max_per_img=7, batch_size=5))
    assert (config.model.test_cfg.score_thr, config.model.test_cfg.max_per_img) == (0.3, 7)
    assert config.test_dataloader.batch_size == 5


def test_of_two_stages_the_last_one_is_changed(toy: Config) -> None:
    stages = {"rpn": {"max_per_img": 1000}, "rcnn": {"score_thr": 0.05, "max_per_img": 100}}
    changes = {"model": {"test_cfg": {"_delete_": True, **stages}}}
    test_cfg = applied(toy, Procedure(score_thr=0.3, max_per_img=7), **changes).model.test_cfg
    assert test_cfg == {"rpn": stages["rpn"], "rcnn": {"score_thr": 0.3, "max_per_img": 7}}


def test_a_detector_without_the_setting_says_so(toy: Config) -> None:
    changes = {"model": {"test_cfg": {"_delete_": True, "max_per_img": 300}}}
    message = "--score-thr must be a setting of .* RetinaNet has only max_per_img; use .*--skip-box"
    with pytest.raises(PodiumError, match=message):
        applied(toy, Procedure(score_thr=0.3), **changes)


@pytest.mark.parametrize(
    ("tta_model", "expected"),
    [
        pytest.param(None, {"type": "FusedTTA", "max_per_img": 7}, id="ours"),
        pytest.param(
            {"type": "DetTTAModel", "tta_cfg": {"nms": {"type": "nms"}, "max_per_img": 100}},
            {"type": "DetTTAModel", "tta_cfg": {"nms": {"type": "nms"}, "max_per_img": 7}},
            id="mmdetection",
        ),
    ],
)
def test_merged_views_are_limited_too(toy: Config, tta_model: dict | None, expected: dict) -> None:
    changes = {} if tta_model is None else {"tta_model": tta_model}
    model = applied(toy, Procedure(tta=True, max_per_img=7), **changes).model
    assert model.pop("module").test_cfg.max_per_img == 7
    assert model == expected


def test_every_data_set_of_a_wrapper_gets_the_views(toy: Config) -> None:
    single = toy.test_dataloader.dataset
    changes = {"test_dataloader.dataset": {"_delete_": True, "type": "ConcatDataset"}}
    changes["test_dataloader.dataset.datasets"] = [dict(single), dict(single)]
    datasets = applied(toy, Procedure(tta=True), **changes).test_dataloader.dataset.datasets
    assert [each.pipeline[-1].type for each in datasets] == ["TestTimeAug", "TestTimeAug"]
