"""Settings for single parameters that reach none."""

from __future__ import annotations

import pytest

from custom.training.checks.optimizer import unmatched_keys

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
