"""Settings for single parameters that reach none."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from custom.training.checks.optimizer import custom_key_faults, unmatched_keys
from custom.training.configuration import RunOptions, load_config

NAMES = ["backbone.stem.weight", "backbone.norm1.bias", "bbox_head.cls_convs.0.weight"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param("backbone", "", id="a part"),
        pytest.param("head.cls", "", id="within a name"),
        pytest.param("absolute_pos_embed", "", id="of published recipes"),
        pytest.param("bakcbone", "did you mean backbone?", id="misspelt"),
        pytest.param("transformer", "print the model's parameters", id="of another model"),
    ],
)
def test_a_key_is_part_of_a_parameter_s_name(key: str, words: str) -> None:
    faults = unmatched_keys([key], NAMES)
    assert bool(faults) == bool(words)
    assert all(words in fault and repr(key) in fault for fault in faults)


def test_looking_leaves_the_config_as_it_is() -> None:
    """DETRs write into the config that they are built from, and then refuse it."""
    config_file = Path(__file__).resolve().parents[3] / "configs" / "trash" / "dino_r50.py"
    config = load_config(config_file, RunOptions(pretrained=False))
    assert config.optim_wrapper.paramwise_cfg.custom_keys
    before = copy.deepcopy(config.model.to_dict())
    assert custom_key_faults(config) == []
    assert config.model.to_dict() == before
