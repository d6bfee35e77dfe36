"""The automatic choice: simple where that is as good, and blind to what scores it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from custom.ensemble.auto_report import advice_line, auto_lines
from custom.ensemble.preparing import dedupe
from custom.ensemble.search.auto import (
    SETTINGS,
    AutoResult,
    Choices,
    choose_automatically,
    folds_to_choose_by,
)
from custom.ensemble.search.objective import ALL
from custom.ensemble.search.selection import used_models
from custom.errors import PodiumError
from custom.evaluation import METRICS, paired_bootstrap, score
from custom.tables import GroundTruth, Predictions
from tests.ensemble.labelled import detector, ground_truth

AP50 = METRICS["AP50"]
NAMES = ["first", "second", "third"]


@pytest.fixture(scope="module")
def gt() -> GroundTruth:
    return ground_truth(100)


@pytest.fixture(scope="module")
def pair(gt: GroundTruth) -> list[Predictions]:
    """Two models that help each other."""
    return [detector(gt, 3), detector(gt, 23)]


@pytest.fixture(scope="module")
def choices(gt: GroundTruth, pair: list[Predictions]) -> Choices:
    return Choices(pair, gt, folds_to_choose_by(gt), "AP50")


@pytest.fixture(scope="module")
def gain(gt: GroundTruth, pair: list[Predictions]) -> AutoResult:
    return choose_automatically(pair, gt, "AP50")


def test_models_that_help_each_other_are_fused(gain: AutoResult, gt: GroundTruth) -> None:
    assert used_models(gain.chosen.config, 2) == [0, 1]
    assert gain.comparison.is_gain
    assert gain.comparison.other == pytest.approx(gain.single_cross_validated.value)
    assert gain.value >= gain.best_value - gain.standard_error
    assert gain.num_candidates >= len(SETTINGS) + 2
    assert (gain.num_folds, gain.num_images) == (5, 100)


def test_a_model_that_others_only_harm_goes_alone_as_it_is(gt: GroundTruth) -> None:
    strong = detector(gt, 1, noise_px=2, found=0.97, false=5)
    guessing = [detector(gt, k, found=0.4, false=900) for k in (2, 3)]
    result = choose_automatically([guessing[0], strong, guessing[1]], gt, "AP50")
    assert result.chosen.is_alone
    assert result.single == 1
    assert result.value == pytest.approx(score(gt, strong).value, abs=1e-12)
    assert result.comparison.is_same
    lines = auto_lines(result, NAMES, AP50)
    assert lines[0].startswith("auto: second alone, as it is, out of ")
    assert "I would send x.csv, which is it" in advice_line(result, NAMES, "x.csv")


def test_what_adds_nothing_is_left_out(gt: GroundTruth, pair: list[Predictions]) -> None:
    guessing = detector(gt, 9, found=0.4, false=900)
    result = choose_automatically([pair[0], guessing, pair[1]], gt, "AP50")
    assert used_models(result.chosen.config, 3) == [0, 2]
    assert "of first, third" in auto_lines(result, NAMES, AP50)[0]


def test_the_simplest_within_one_standard_error_is_taken(choices: Choices) -> None:
    chosen, best = choices.choose(ALL)
    tried = choices.candidates(ALL)
    values = [choices.value(each, ALL) for each in tried]
    assert choices.value(best, ALL) == max(values)
    assert best != chosen  # else this compares nothing
    for simpler in tried[: tried.index(chosen)]:
        reach = max(values) - choices.standard_error(best, simpler, ALL)
        assert choices.value(simpler, ALL) < max(reach, values[0])


def test_the_standard_error_is_about_that_of_the_bootstrap(choices: Choices) -> None:
    tried = choices.candidates(ALL)
    ratios = []
    for a, b in ((tried[1], tried[0]), (tried[5], tried[2]), (tried[-1], tried[5])):
        pair = [choices.objective(each).matches(each.config) for each in (a, b)]
        expected = paired_bootstrap(*pair, num_resamples=500).standard_error
        ratios.append(choices.standard_error(a, b, ALL) / expected)
    # Five folds give a standard error to within about a third.
    assert 0.5 < np.median(ratios) < 1.8


def test_what_is_chosen_without_a_fold_does_not_depend_on_it(
    choices: Choices, gt: GroundTruth
) -> None:
    inside = np.isin(gt.image_index, choices.plain.folds[1])
    changed = replace(gt, bboxes=np.where(inside[:, None], [[0.0, 0.0, 30.0, 30.0]], gt.bboxes))
    other = Choices(choices.plain.models, changed, choices.plain.folds, "AP50")
    index = choices.plain.without(1)
    assert other.choose(index) == choices.choose(index)
    chosen = choices.choose(index)[0]
    assert other.standard_error(*other.choose(index), index) == pytest.approx(
        choices.standard_error(*choices.choose(index), index)
    )
    assert other.value(chosen, ALL) < choices.value(chosen, ALL)


def test_repeated_boxes_are_tried_without_the_repeats(
    gt: GroundTruth, pair: list[Predictions]
) -> None:
    model = pair[1]
    rows = np.repeat(np.arange(model.num_boxes), 4)
    copies = np.arange(len(rows)) % 4 > 0
    scores = np.where(copies, model.scores[rows] * 0.1, model.scores[rows])
    repeating = Predictions.from_rows(
        gt.images.ids, model.image_index[rows], model.bboxes[rows], scores, model.labels[rows]
    )
    choices = Choices([pair[0], repeating], gt, folds_to_choose_by(gt), "AP50")
    both = {each for each in choices.candidates(ALL) if each.config.method == "wbf"}
    deduped = {each for each in both if each.dedupe}
    assert {each.config.conf_type for each in deduped} == {"avg", "box_and_model_avg"}
    gains = [
        choices.value(each, ALL) - choices.value(each._replace(dedupe=False), ALL)
        for each in deduped
    ]
    assert np.median(gains) > 0
    for each in deduped:
        (fused,) = choices.fuse_each([each])
        assert fused.num_boxes == choices.objective(each).fuse(each.config).num_boxes
    assert dedupe(repeating).num_boxes == dedupe(model).num_boxes


def test_where_the_gain_does_not_last_the_best_model_is_taken(
    gt: GroundTruth, pair: list[Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any fold the guessing model looks best: what was chosen there is worthless here."""
    choose = Choices.choose

    def fooled(self: Choices, index: int) -> object:
        if index == ALL:
            return choose(self, index)
        worst = min(self.candidates(index), key=lambda each: self.value(each, ALL))
        return worst, worst

    monkeypatch.setattr(Choices, "choose", fooled)
    models = [pair[0], pair[1], detector(gt, 9, found=0.4, false=900)]
    result = choose_automatically(models, gt, "AP50")
    assert result.fell_back
    assert result.chosen.is_alone
    assert used_models(result.chosen.config, 3) == [result.single]
    assert "on images that did not choose" in auto_lines(result, NAMES, AP50)[1]


def test_a_metric_with_a_threshold_gets_it_without_the_fold(
    gt: GroundTruth, pair: list[Predictions]
) -> None:
    result = choose_automatically(pair, gt, "wheat")
    assert 0.0 < result.chosen.config.final_score_thr < 1.0
    assert 0.0 < result.cross_validated.value <= 1.0


def test_groups_are_not_cut(gt: GroundTruth, pair: list[Predictions]) -> None:
    clips = gt.images.ids[np.arange(100) // 10 * 10]
    folds = folds_to_choose_by(gt.grouped(clips))
    assert sum(len(np.unique(clips[fold])) for fold in folds) == 10
    assert len(folds) == 5
    one = gt.grouped(np.repeat(gt.images.ids[:1], 100))
    assert folds_to_choose_by(one) == ()
    with pytest.raises(PodiumError, match=r"at least two groups .* 100 of one; name a --method"):
        choose_automatically(pair, one, "AP50")


def test_the_lines_say_what_why_and_what_it_is_worth(gain: AutoResult) -> None:
    lines = auto_lines(gain, NAMES[:2], AP50)
    assert len(lines) == 3
    assert lines[0].startswith("auto: --method ")
    assert f"of first, second, out of {gain.num_candidates} fusions" in lines[0]
    assert "the simplest within one standard error" in lines[1]
    own, other = gain.cross_validated.value, gain.single_cross_validated.value
    assert f"mAP50 {own:.4f} (95%: " in lines[2]
    assert f"best single model {other:.4f} ({NAMES[gain.single]}): +" in lines[2]
    assert lines[2].endswith("significantly above")
