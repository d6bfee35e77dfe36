"""A recipe is written and read back, replays what it says, and refuses other inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.fusion import Fusion
from custom.ensemble.inputs import ValInputs
from custom.ensemble.recipe import Recipe, fuse_recipe, load_recipe, recipe_of, write_recipe
from custom.ensemble.search import search
from custom.ensemble.search.studies import SearchSettings
from custom.errors import PodiumError
from custom.files import write_json
from tests.ensemble.labelled import detector, ground_truth
from tests.ensemble.toy import crowded, rows_of

MODELS = {"a": "1" * 64, "b": "2" * 64}
WBF, NMS = FusionConfig(weights=(1.0, 0.5)), FusionConfig(method="nms", weights=(1.0, 1.0))
RECIPE = Recipe((WBF,), MODELS, "split", {"cross_validated": 0.5}, {"seed": 1})


def test_what_a_search_found_is_written_and_read_back(tmp_path: Path) -> None:
    gt = ground_truth()
    models = [detector(gt, 1), detector(gt, 2)]
    settings = SearchSettings(trials=8, inner_folds=2, storage=tmp_path / "log")
    result = search(models, gt, settings)
    recipe = recipe_of(result, MODELS, "split")
    write_recipe(tmp_path / "recipe.json", recipe)
    again = load_recipe(tmp_path / "recipe.json")
    assert again == recipe
    assert again.cross_validated == result.chosen.cross_validated
    assert again.scores["references"]["default WBF"]["in_sample"] > 0
    assert "storage" not in again.search


@pytest.mark.parametrize(
    ("models", "split", "message"),
    [
        pytest.param({"a": "1" * 64}, "split", "with all its models, but lacks b", id="missing"),
        pytest.param({**MODELS, "c": "3"}, "split", "but c is given too; search again", id="extra"),
        pytest.param({**MODELS, "b": "9" * 64}, "split", r"b must be the model .* 999", id="hash"),
        pytest.param(MODELS, "other", "on the split split .* but this is other", id="split"),
    ],
)
def test_other_inputs_are_refused(models: dict[str, str], split: str, message: str) -> None:
    RECIPE.check(dict(reversed(MODELS.items())), "split")
    with pytest.raises(PodiumError, match=message):
        RECIPE.check(models, split)


def test_files_get_the_weight_of_their_model() -> None:
    spread = RECIPE.for_files(["b", "a", "b"])
    assert spread.configs[0].weights == (0.5, 1.0, 0.5)


def test_equal_weights_stay_unsaid_for_files() -> None:
    """Weights of 1 would divide the scores of NMS by the number of files."""
    equal = replace(RECIPE, configs=(FusionConfig("nms"),))
    assert equal.for_files(["b", "a", "b"]).configs == (FusionConfig("nms"),)


def test_weights_follow_their_models_in_any_order() -> None:
    gt = ground_truth()
    models = (detector(gt, 1), detector(gt, 2))
    val = ValInputs(("b", "a"), models, gt, (0, 1, 0), (MODELS["b"], MODELS["a"]), "split")
    fusion = Fusion.of_recipe(RECIPE, val)
    assert fusion.by_model.configs[0].weights == (0.5, 1.0)
    assert fusion.by_file.configs[0].weights == (0.5, 1.0, 0.5)


def test_it_replays_the_fusion() -> None:
    models, images = crowded(1, num_models=2)
    result = fuse_recipe(RECIPE, models, images)
    assert rows_of(result.predictions) == rows_of(fuse(models, images, WBF))


def test_every_class_comes_from_its_own_fusion() -> None:
    models, images = crowded(1, num_models=2)
    result = fuse_recipe(replace(RECIPE, configs=(WBF, NMS, WBF)), models, images).predictions
    by_wbf, by_nms = (fuse(models, images, config) for config in (WBF, NMS))
    for label, source in enumerate((by_wbf, by_nms, by_wbf)):
        ours, theirs = (each.keep(each.labels == label) for each in (result, source))
        assert rows_of(ours) == rows_of(theirs)
        assert ours.num_boxes > 0
    assert np.array_equal(result.image_ids, images.ids)


def test_a_class_without_a_fusion_is_refused() -> None:
    models, images = crowded(1, num_models=2)
    with pytest.raises(PodiumError, match="has 2 and there is a box with label 2"):
        fuse_recipe(replace(RECIPE, configs=(WBF, NMS)), models, images)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"format": 9}, "format must be one of 1, but is 9", id="format"),
        pytest.param({"configs": []}, "must have at least one entry", id="empty"),
        pytest.param({"configs": [{"method": "x"}]}, "method must be one of", id="method"),
        pytest.param(
            {"configs": [{"colour": 1}]},
            r"configs\[0\]\.colour is unknown; the keys are",
            id="parameter",
        ),
        pytest.param(
            {"configs": [{"weights": "12"}]},
            r"r\.json: configs\[0\]\.weights must be a list or null, but is '12'",
            id="weights",
        ),
        pytest.param({"split_hash": True}, "split_hash must be a text, but is True", id="split"),
        pytest.param(
            {"scores": {"honest": "0.5"}},
            r"r\.json: scores: honest must be a number or null, but is '0\.5'",
            id="score",
        ),
        pytest.param({"models": ["a"]}, "models must be an object, but is", id="models"),
        pytest.param({"scores": ...}, r"r\.json must have the key 'scores'", id="key"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    content = {
        "format": 1,
        "configs": [{}],
        "models": {},
        "split_hash": "",
        "scores": {},
        "search": {},
    }
    content |= change
    write_json(tmp_path / "r.json", {k: v for k, v in content.items() if v is not ...})
    with pytest.raises(PodiumError, match=message):
        load_recipe(tmp_path / "r.json")
