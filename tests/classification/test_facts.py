import pytest
from mmengine.config import Config

from custom.classification.facts import flip_facts
from custom.errors import PodiumError
from custom.runs import Procedure
from custom.testing.toy_labels import toy_classifier
from custom.training.configuration import RunOptions, load_config
from custom.training.prediction import apply_procedure


def config_of(tmp_path, task="image", competition=None, **changes):
    config = {**toy_classifier(tmp_path, task), **changes}
    config["competition"].update(competition or {})
    Config(config).dump(tmp_path / "mine.py")
    return load_config(tmp_path / "mine.py", RunOptions())


@pytest.mark.parametrize(
    ("classes", "told", "pairs", "sided"),
    [
        pytest.param(["open", "bright"], [], [], [], id="no sides"),
        pytest.param(["left", "right"], [("left", "right")], [(0, 1)], [], id="told"),
        pytest.param(["turns_left", "a", "turns_right"], [], [], ["turns_left", "turns_right"],
                     id="not told"),
        pytest.param(["west", "a"], [("west",)], [], ["west"], id="by its own word"),
        pytest.param(["leftHand", "RightHand"], [], [], ["leftHand", "RightHand"], id="camel"),
    ],
)  # fmt: skip
def test_which_classes_a_mirror_image_changes(classes, told, pairs, sided):
    assert flip_facts(classes, told) == (pairs, sided)


def test_flip_pairs_must_name_classes():
    with pytest.raises(PodiumError, match="flip_pairs must name classes, but has 'lefd'"):
        flip_facts(["left", "right"], [("lefd", "right")])


def test_the_facts_reach_loaders_heads_and_views(tmp_path):
    config = config_of(tmp_path, "region")
    loads = config.train_dataloader.dataset.pipeline[1]
    assert (loads.whole_image, loads.exclusive) == (False, True)
    assert not config.test_dataloader.dataset.pipeline[1].exclusive  # which need not be labelled
    assert config.model.head.exclusive
    assert config.model.head.num_classes == 2
    apply_procedure(config, Procedure(tta=True))
    assert config.model.type == "MeanTTA"
    assert config.custom_imports.imports == ["custom.classification"]


def test_training_must_not_mirror_what_left_and_right_decide(tmp_path):
    sides = {"classes": ["hand_left", "hand_right"]}
    with pytest.raises(PodiumError, match="RandomFlip of train_dataloader must not mirror"):
        config_of(tmp_path, competition=sides)
    told = {**sides, "flip_pairs": [("hand_left", "hand_right")]}
    config = config_of(tmp_path, competition=told)
    assert config.train_dataloader.dataset.pipeline[-1].flip_pairs == [(0, 1)]
    assert config.tta_model.flip_pairs == [(0, 1)]


def test_views_are_refused_where_left_and_right_decide(tmp_path):
    from mmdet.registry import MODELS

    loader = toy_classifier(tmp_path, "image")["train_dataloader"]
    loader["dataset"]["pipeline"] = [
        each for each in loader["dataset"]["pipeline"] if each["type"] != "RandomFlip"
    ]
    sides = {"classes": ["hand_left", "hand_right"]}
    config = config_of(tmp_path, competition=sides, train_dataloader=loader)
    apply_procedure(config, Procedure(tta=True))
    with pytest.raises(PodiumError, match=r"decide what hand_left, hand_right is.*flip_pairs"):
        MODELS.build(config.model)


@pytest.mark.parametrize(
    ("competition", "match"),
    [
        ({"task": "region"}, "needs a model of type RegionClassifier"),
        ({"task": "regions"}, "task must be one of detection, image, region, but is 'regions'"),
        ({"exclusive": "yes"}, "competition.exclusive must be True or False"),
    ],
)
def test_a_wrong_fact_is_refused(tmp_path, competition, match):
    with pytest.raises(PodiumError, match=match):
        config_of(tmp_path, competition=competition)


def test_without_timm_the_extra_is_named(tmp_path, monkeypatch):
    import importlib.util

    from custom.classification import timm_import

    absent = lambda name: None if name == "timm" else importlib.util.find_spec(name)  # noqa: E731
    monkeypatch.setattr(timm_import, "find_spec", absent)
    with pytest.raises(PodiumError, match=r"timm, which is not installed.*\[classification\]"):
        config_of(tmp_path)
