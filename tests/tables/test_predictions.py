"""The predictions table: nothing is lost when it is grouped, taken, aligned or thinned."""

from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.tables import Predictions
from custom.tables.predictions import concatenate


@pytest.fixture
def table() -> Predictions:
    """Three images, the middle one without boxes; rows are given out of order."""
    bboxes = [[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]]
    return Predictions.from_rows([30, 10, 20], [2, 0, 2], bboxes, [0.1, 0.2, 0.3], [1, 0, 2], "m")


def test_rows_are_grouped_by_image_in_their_order(table: Predictions) -> None:
    assert table.offsets.tolist() == [0, 1, 1, 3]
    assert table.scores.tolist() == [0.2, 0.1, 0.3]
    assert table.image_index.tolist() == [0, 2, 2]
    assert table.rows(2) == slice(1, 3)


def test_take_keeps_empty_images_and_order(table: Predictions) -> None:
    taken = table.take([2, 1])
    assert taken.image_ids.tolist() == [20, 10]
    assert taken.offsets.tolist() == [0, 2, 2]
    assert taken.labels.tolist() == [1, 2]


def test_keep_drops_boxes_but_no_image(table: Predictions) -> None:
    kept = table.keep(table.scores > 0.25)
    assert kept.image_ids.tolist() == [30, 10, 20]
    assert kept.offsets.tolist() == [0, 0, 0, 1]


def test_alignment_is_by_id_and_never_invents_an_image(table: Predictions) -> None:
    assert table.aligned_to([10, 20, 30]).scores.tolist() == [0.1, 0.3, 0.2]
    with pytest.raises(PodiumError, match="misses 1 of them, the first with id 99"):
        table.aligned_to([10, 99])


def test_columns_are_read_only_and_the_input_is_not(table: Predictions) -> None:
    scores = np.array([0.5])
    Predictions.from_rows([1], [0], [[0, 0, 1, 1]], scores, [0])
    scores[0] = 0.6
    with pytest.raises(ValueError, match="read-only"):
        table.scores[0] = 1.0


def test_an_empty_table_has_its_images() -> None:
    empty = Predictions.empty([4, 5])
    assert (empty.num_images, empty.num_boxes) == (2, 0)
    assert empty.bboxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"labels": np.zeros(2, int)}, "labels must have shape", id="labels"),
        pytest.param({"offsets": np.array([0, 2, 1, 3])}, "offsets must rise", id="offsets"),
        pytest.param({"image_ids": np.array([1, 1, 2])}, "1 stands twice", id="ids"),
    ],
)
def test_shapes_are_checked(table: Predictions, columns: dict, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        table.with_columns(**columns)


def test_concatenation_keeps_every_image_and_refuses_one_twice(table: Predictions) -> None:
    other = Predictions.from_rows([5], [0], [[0, 0, 4, 4]], [0.4], [3])
    both = concatenate([table, other])
    assert both.image_ids.tolist() == [30, 10, 20, 5]
    assert both.offsets.tolist() == [0, 1, 1, 3, 4]
    assert both.scores.tolist() == [0.2, 0.1, 0.3, 0.4]
    with pytest.raises(PodiumError, match="10 stands twice"):
        concatenate([table, table])
