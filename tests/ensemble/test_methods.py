"""A fusing method is one row: options, search, kernel and reference follow from it."""

from __future__ import annotations

import argparse
from dataclasses import fields

import ensemble_boxes
import numpy as np
import optuna
import pytest

from custom.ensemble import METHODS, FusionConfig, fuse
from custom.ensemble.kernels import nms
from custom.ensemble.kernels.common import Pool
from custom.ensemble.methods import IOU_THR, PARAMETERS, Method
from custom.ensemble.options import add_fusion_options, fusion_of, is_auto, text_of
from custom.ensemble.search import space
from custom.ensemble.search.auto import SETTINGS
from custom.errors import PodiumError
from custom.tables import Images, Predictions

IMAGES = Images([1], ("a.jpg",), [[100, 100]])


@pytest.mark.parametrize("name", METHODS)
def test_a_row_fits_the_config_the_kernels_and_the_reference(name: str) -> None:
    method, config = METHODS[name], FusionConfig(name)
    known = {each.name for each in fields(FusionConfig)}
    assert {each.name for each in method.parameters} <= known
    code = method.load().py_func.__code__
    named = tuple(each.name for each in method.parameters)
    assert code.co_varnames[3 : code.co_argcount] == named
    assert len(method.settings(config)) == len(named)
    if method.reference:
        assert callable(getattr(ensemble_boxes, method.reference))


def test_a_new_row_is_an_option_a_point_of_the_search_and_a_fusion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keep_all(first: int, last: int, pool: Pool, iou_thr: float) -> None:
        pool.scores[:] *= iou_thr
        pool.counts[first:last] = np.diff(pool.offsets)[first:last]

    monkeypatch.setattr(nms, "fuse_toy", keep_all, raising=False)
    monkeypatch.setitem(METHODS, "toy_nms", Method("nms.fuse_toy", (IOU_THR,)))  # type: ignore[arg-type]
    parser = argparse.ArgumentParser()
    add_fusion_options(parser)
    config = fusion_of(parser.parse_args(["--method", "toy-nms", "--iou-thr", "0.5"]))
    model = Predictions.from_rows([1], [0, 0], [[0, 0, 9, 9], [0, 0, 9, 8]], [0.8, 0.4], [0, 0])
    assert fuse([model], IMAGES, config).scores.tolist() == [0.4, 0.2]
    trial = optuna.trial.FixedTrial(space.params_of(config, 1))
    found = space.suggest(trial, 1)  # type: ignore[arg-type]
    assert (found.method, found.iou_thr) == ("toy_nms", 0.5)
    assert "toy_nms" in dict(space.identity())


def test_the_search_starts_from_what_it_is_given() -> None:
    for config in space.defaults().values():
        trial = optuna.trial.FixedTrial(space.params_of(config, 2))
        found = space.suggest(trial, 2)  # type: ignore[arg-type]
        for parameter in space.searched(config.method):
            assert getattr(found, parameter.name) == getattr(config, parameter.name)


def test_every_option_is_read_back() -> None:
    parser = argparse.ArgumentParser()
    add_fusion_options(parser)
    assert fusion_of(parser.parse_args([])) == FusionConfig()
    given = ["--method", "soft-nms", "--sigma", "0.3", "--decay-scores", "--class-agnostic"]
    given += ["--skip-box-thr", "0.2", "--conf-type", "max", "--weights", "1", "2"]
    expected = FusionConfig(
        "soft_nms", skip_box_thr=0.2, weights=(1.0, 2.0), conf_type="max", sigma=0.3,
        decay_scores=True, class_agnostic=True,
    )  # fmt: skip
    assert fusion_of(parser.parse_args(given)) == expected
    assert {"sigma", "conf_type", "iou_thr"} <= {each.name for each in PARAMETERS}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], None, id="nothing said"),
        pytest.param(["--method", "auto"], True, id="auto"),
        pytest.param(["--method", "wbf"], False, id="a method"),
        pytest.param(["--iou-thr", "0.55"], False, id="a value, even the usual one"),
        pytest.param(["--weights", "1", "2"], False, id="weights"),
        pytest.param(["--decay-scores"], False, id="a switch"),
        pytest.param(["--backend", "reference"], False, id="a backend"),
    ],
)
def test_what_is_given_is_not_chosen(given: list[str], expected: bool | None) -> None:
    parser = argparse.ArgumentParser()
    add_fusion_options(parser, with_auto=True)
    assert is_auto(parser.parse_args(given)) is expected


def test_auto_and_a_value_are_refused() -> None:
    parser = argparse.ArgumentParser()
    add_fusion_options(parser, with_auto=True)
    with pytest.raises(PodiumError, match=r"--method auto chooses .* but --iou-thr is given too"):
        is_auto(parser.parse_args(["--method", "auto", "--iou-thr", "0.6"]))


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_fusion_in_words_is_the_options_that_give_it(setting: FusionConfig) -> None:
    parser = argparse.ArgumentParser()
    add_fusion_options(parser)
    assert fusion_of(parser.parse_args(text_of(setting).split())) == setting
