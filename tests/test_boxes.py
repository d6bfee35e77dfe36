"""Box arithmetic: each expected value is derived by hand."""

from __future__ import annotations

import numpy as np
import pytest

from custom.boxes import (
    box_areas,
    clip_bboxes,
    is_degenerate,
    overhang,
    xywh_to_xyxy,
    xyxy_to_xywh,
)


@pytest.mark.parametrize(
    ("bboxes_xywh", "bboxes"),
    [
        pytest.param([[1, 2, 3, 4]], [[1, 2, 1 + 3, 2 + 4]], id="standard"),
        pytest.param([[5, 5, 0, 0]], [[5, 5, 5, 5]], id="zero-size"),
        pytest.param([[-1, -2, 3, 4]], [[-1, -2, 2, 2]], id="negative-corner"),
        pytest.param(np.zeros((0, 4)), np.zeros((0, 4)), id="no-boxes"),
    ],
)
def test_conversion_goes_both_ways(bboxes_xywh: list, bboxes: list) -> None:
    np.testing.assert_array_equal(xywh_to_xyxy(bboxes_xywh), bboxes)
    np.testing.assert_array_equal(xyxy_to_xywh(bboxes), bboxes_xywh)


def test_conversion_leaves_its_input() -> None:
    given = np.array([[1.0, 2.0, 3.0, 4.0]])
    xywh_to_xyxy(given)
    assert given.tolist() == [[1, 2, 3, 4]]


def test_areas() -> None:
    assert box_areas(np.array([[0.0, 0, 2, 3], [1, 1, 1, 9]])).tolist() == [2 * 3, 0]


def test_overhang_and_clip() -> None:
    bboxes = np.array([[0.0, 0, 10, 10], [-2, 0, 5, 5], [0, 0, 10, 23]])
    sizes_hw = np.array([[20, 10]] * 3)
    assert overhang(bboxes, sizes_hw).tolist() == [0, 2, 3]
    assert clip_bboxes(bboxes, sizes_hw).tolist() == [[0, 0, 10, 10], [0, 0, 5, 5], [0, 0, 10, 20]]
    assert overhang(np.zeros((0, 4)), np.zeros((0, 2), int)).shape == (0,)


def test_degenerate() -> None:
    bboxes = np.array([[0.0, 0, 1, 1], [1, 0, 1, 1], [0, 2, 1, 1]])
    assert is_degenerate(bboxes).tolist() == [False, True, True]
