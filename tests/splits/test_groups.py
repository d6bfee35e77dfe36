from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits.groups import group_sets, join_groups
from custom.tables.coco import read_ground_truth
from custom.testing.toy_splits import coco


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        pytest.param([], [0, 1, 2, 3, 4], id="none"),
        pytest.param([[1, 3]], [0, 1, 2, 1, 3], id="pair"),
        pytest.param([[3, 4], [0, 1], [1, 4]], [0, 0, 1, 0, 0], id="chain"),
        pytest.param([[2]], [0, 1, 2, 3, 4], id="alone"),
    ],
)
def test_sets_that_share_an_image_become_one(sets: list[list[int]], expected: list[int]) -> None:
    np.testing.assert_array_equal(join_groups(5, sets), expected)


def test_no_images() -> None:
    assert len(join_groups(0, [])) == 0


NAMES = ["a/x_1.jpg", "a/x_2.jpg", "b/y_1.jpg"]


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        pytest.param("video", [[0, 2], [1]], id="key"),
        pytest.param(r"(\w)_\d", [[0, 1], [2]], id="regex with a group"),
        pytest.param(r"_\d", [[0, 2], [1]], id="regex"),
    ],
)
def test_key_or_regex(
    group_by: str, expected: list[list[int]], write_coco: Callable[..., Path]
) -> None:
    content = coco(3, [], names=NAMES)
    for entry, video in zip(content["images"], (7, 8, 7), strict=True):
        entry["video"] = video
    images = read_ground_truth(write_coco(content)).images
    assert group_sets(images, group_by) == expected


@pytest.mark.parametrize(
    ("group_by", "message"),
    [
        pytest.param("video", "'video', but 2 of 3 lack it, the first is a/x_2.jpg", id="key"),
        pytest.param("a/", "but 1 of 3 lack it, the first is b/y_1.jpg", id="no match"),
        pytest.param("(", "regular expression, but '\\(' is neither", id="invalid"),
    ],
)
def test_images_without_a_key_are_named(
    group_by: str, message: str, write_coco: Callable[..., Path]
) -> None:
    content = coco(3, [], names=NAMES)
    content["images"][0]["video"] = 1
    images = read_ground_truth(write_coco(content)).images
    with pytest.raises(PodiumError, match=message):
        group_sets(images, group_by)
