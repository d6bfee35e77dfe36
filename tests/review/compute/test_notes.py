from __future__ import annotations

import pytest

from custom.review.compute.notes import cut_notes, lead_of_ensemble, notes_on
from custom.review.inputs import Model, Review
from tests.evaluation.cases import make_gt, make_predictions

BOX, OTHER = (0, 0, 50, 50), (200, 200, 260, 260)
GT = make_gt([(k, 0, *BOX) for k in range(6)] + [(0, 1, *OTHER)], num_images=6, num_classes=2)
HALF = make_predictions([(k, 0, 0.9, *BOX) for k in range(6)], num_images=6)
ALL = make_predictions([(k, 0, 0.9, *BOX) for k in range(6)] + [(0, 1, 0.05, *OTHER)], num_images=6)


def review_of(*tables: tuple[str, object]) -> Review:
    models = tuple(Model(name, table, final=name == "ensemble") for name, table in tables)
    return Review("t", GT, models, notes=("a note of the fusion",))


def test_the_ensemble_is_compared_with_its_best_model() -> None:
    nothing = make_predictions([], num_images=6)
    review = review_of(("a", nothing), ("b", HALF), ("ensemble", ALL))
    lead = lead_of_ensemble(review)
    # Class 0 is found by both; class 1, on one image, by the ensemble alone.
    assert (lead.name, lead.value) == ("b", pytest.approx(1 / 2))
    # Resamples without that image have class 0 alone, and there is no difference.
    assert (lead.low, lead.high, lead.is_clear) == (0.0, 0.5, False)


def test_a_difference_beyond_its_interval_is_clear() -> None:
    nothing = make_predictions([], num_images=6)
    lead = lead_of_ensemble(review_of(("a", nothing), ("ensemble", HALF)))
    assert lead.is_clear
    assert lead.low > 0


def test_models_without_low_scores_are_named() -> None:
    review = review_of(("a", HALF), ("b", ALL), ("ensemble", HALF))
    (note,) = cut_notes(review)
    assert note.startswith("No boxes of low score: a (below 0.90). ")
    assert cut_notes(review_of(("b", ALL), ("none", make_predictions([], num_images=6)))) == []


def test_all_notes_are_together() -> None:
    fusion, rare, cut = notes_on(review_of(("a", HALF), ("ensemble", HALF)))
    assert fusion == "a note of the fusion"
    assert "class 1" in rare
    assert "low score" in cut
