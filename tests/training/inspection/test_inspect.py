from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.training.inspection import inspect_config, setters

BASE = """
image_scale = (64, 64)
train_pipeline = [dict(type="LoadImageFromFile"), dict(type="Resize", scale=image_scale)]
train_dataloader = dict(batch_size=8, dataset=dict(type="CompetitionDataset",
                                                  pipeline=train_pipeline))
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1, momentum=0.9))
"""


@pytest.fixture
def write(tmp_path):
    def write_config(text: str, base: str = BASE) -> Path:
        (tmp_path / "base.py").write_text(base)
        config_file = tmp_path / "config_file.py"
        config_file.write_text('_base_ = "./base.py"\n' + text)
        return config_file

    return write_config


def warnings(path: Path) -> dict[str, str]:
    return {f.key: f.message for f in inspect_config(path) if f.level == "warning"}


def test_a_plain_config_has_no_warning(write):
    assert warnings(write("optim_wrapper = dict(optimizer=dict(lr=0.2))")) == {}


def test_each_value_has_the_file_that_set_it(write):
    config_file = write("optim_wrapper = dict(optimizer=dict(lr=0.2))")
    found = setters(config_file)
    assert (
        found["optim_wrapper.optimizer.lr"].file.name,
        found["optim_wrapper.optimizer.lr"].line,
    ) == ("config_file.py", 2)
    assert found["optim_wrapper.optimizer.momentum"].file.name == "base.py"
    assert found["optim_wrapper.optimizer.momentum"].line == 6


def test_a_replaced_dict_leaves_nothing_of_the_base(write):
    config_file = write("optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=0.2))")
    assert "optim_wrapper.optimizer.momentum" not in setters(config_file)
    assert setters(config_file)["optim_wrapper.optimizer.type"].text == "'AdamW'"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("model = dict(a=1)\nmodel = dict(b=2)", "model", id="top level"),
        pytest.param("model = {'a': 1, 'a': 2}", "model.a", id="in a dict"),
        pytest.param("model = dict(head={'a': 1, 'b': 2, 'a': 2})", "model.head.a", id="deeper"),
    ],
)
def test_a_key_set_twice_is_named_with_both_lines(write, text, key):
    message = warnings(write(text))[key]
    assert "set twice in one place" in message
    assert message.count("config_file.py:") == 2


def test_a_name_built_up_in_steps_is_not_set_twice(write):
    assert warnings(write("augmentations = []\naugmentations = augmentations + []")) == {}


def test_an_overridden_value_is_noted_with_both_values(write):
    config_file = write("optim_wrapper = dict(optimizer=dict(lr=0.2))")
    (note,) = [f for f in inspect_config(config_file) if f.level == "note"]
    assert note.key == "optim_wrapper.optimizer.lr"
    assert "0.1 at" in note.message
    assert "overridden by 0.2 at" in note.message


def test_a_pipeline_handed_to_nobody_is_named(write):
    pipeline = "train_pipeline = [dict(type='LoadImageFromFile')]\n"
    assert "handed to no dataloader" in warnings(write(pipeline))["train_pipeline"]
    handed = "train_dataloader = dict(dataset=dict(pipeline=train_pipeline))"
    assert warnings(write(pipeline + handed)) == {}


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        pytest.param("image_scale = (32, 32)", "image_scale", "old value", id="used in the base"),
        pytest.param("learning_rate = 0.1", "learning_rate", "no such|has such", id="unknown"),
    ],
)
def test_a_key_that_nothing_reads_is_named(write, text, key, why):
    import re

    assert re.search(why, warnings(write(text))[key])


def test_a_name_that_the_config_takes_from_its_base_is_read(write):
    config_file = write(
        "augmentations = [dict(type='Resize', scale={{_base_.size}})]", BASE + "size = (9, 9)\n"
    )
    assert warnings(config_file) == {}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("augmentations = [dict(type='RandomFog', strength=2)]", "augmentations.0.strength"),
        ("train_dataloader = dict(dataset=dict(folds=3))", "train_dataloader.dataset.folds"),
        ("train_dataloader = dict(batchsize=3)", "train_dataloader.batchsize"),
        ("optim_wrapper = dict(acumulative_counts=3)", "optim_wrapper.acumulative_counts"),
        ("optim_wrapper = dict(optimizer=dict(momentun=0.9))", "optim_wrapper.optimizer.momentun"),
    ],
)
def test_an_argument_that_a_class_does_not_have_is_named(write, text, key):
    assert "has no such argument" in warnings(write(text))[key]


def test_a_keyword_given_twice_is_an_error_with_its_line(write):
    with pytest.raises(PodiumError, match=r"config_file\.py:2: .*repeated"):
        inspect_config(write("model = dict(a=1, a=2)"))


def test_a_missing_base_is_an_error(tmp_path):
    (tmp_path / "config_file.py").write_text('_base_ = "./none.py"\n')
    with pytest.raises(PodiumError, match=r"cannot read the config .*none\.py"):
        inspect_config(tmp_path / "config_file.py")


CONFIGS = Path(__file__).parents[3] / "configs"


CONFIG_FILES = sorted(set(CONFIGS.glob("[!_]*/*.py")) - set(CONFIGS.glob("*/ablations.py")))


@pytest.mark.parametrize(
    "config_file",
    CONFIG_FILES,
    ids=lambda config_file: f"{config_file.parent.name}-{config_file.stem}",
)
def test_our_own_configs_have_no_warning(config_file):
    assert warnings(config_file) == {}
