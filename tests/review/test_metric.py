"""The review's headline and losses are by the competition's metric; what is AP50 says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from custom.evaluation import METRICS, score, score_at_best
from custom.files import read_json
from custom.review import write_review
from custom.review.compute.losses import greatest_losses, weakest_class
from custom.review.compute.notes import lead_of_ensemble
from custom.review.inputs import Review


@pytest.fixture(scope="module")
def by_wheat(toy_review: Review) -> Review:
    return replace(toy_review, metric=METRICS["wheat"])


def test_scores_are_of_the_metric_and_curves_stay_at_half(
    by_wheat: Review, toy_review: Review
) -> None:
    for analysis, usual in zip(by_wheat.analyses, toy_review.analyses, strict=True):
        expected = score_at_best(by_wheat.gt, analysis.predictions, "wheat")
        assert analysis.score.value == expected.value
        assert analysis.score.score_thr == expected.score_thr
        low, high = analysis.interval
        assert low[-1] <= expected.value <= high[-1]
        assert usual.score.value == score(by_wheat.gt, usual.predictions).value
        for own, same in zip(analysis.curves, usual.curves, strict=True):
            np.testing.assert_array_equal(own.precision, same.precision)


def test_the_pages_name_the_metric(by_wheat: Review, tmp_path: Path) -> None:
    write_review(by_wheat, tmp_path / "review")
    facts = read_json(tmp_path / "review" / "review.json")
    assert facts["metric"] == "wheat"
    assert facts["models"][-1]["value"] == by_wheat.analyses[-1].score.value
    pages = {
        name: (tmp_path / "review" / f"{name}.html").read_text()
        for name in ("index", "errors", "classes")
    }
    assert "</strong> wheat" in pages["index"]
    assert "pycocotools" not in pages["index"]
    assert "after TIDE; what a class" in " ".join(pages["index"].split())
    assert "wheat, is not analysed here" in pages["errors"]
    assert '<th class="n">wheat</th>' in pages["classes"]


def test_a_class_comes_after_error_types_that_are_in_another_metric(by_wheat: Review) -> None:
    losses = greatest_losses(by_wheat.analyses[by_wheat.final])
    assert [loss.label is None for loss in losses][-1] is False
    assert all(loss.label is None for loss in losses[:-1])


def test_where_less_is_better_the_lowest_leads(
    toy_review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheat = METRICS["wheat"]
    loss = replace(
        wheat,
        name="loss",
        per_class=lambda matches, weights: 1 - wheat.per_class(matches, weights),
        greater_is_better=False,
    )
    monkeypatch.setitem(METRICS, "loss", loss)
    wheat_review = replace(toy_review, metric=wheat)
    loss_review = replace(toy_review, metric=loss)
    assert lead_of_ensemble(loss_review).name == lead_of_ensemble(wheat_review).name
    weakest = [weakest_class(review.analyses[0]) for review in (loss_review, wheat_review)]
    assert weakest[0].label == weakest[1].label
    assert weakest[0].points == pytest.approx(weakest[1].points)
