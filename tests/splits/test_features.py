from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from custom.splits.features import count_features
from custom.tables.coco import read_ground_truth
from custom.testing.toy_splits import coco


def test_counts_by_hand(write_coco: Callable[..., Path]) -> None:
    content = coco(
        3,
        [
            (0, 0, 0, 0, 31, 33),  # 1023 squared pixels: small
            (0, 1, 0, 0, 32, 32),  # 1024: medium, COCO's limit itself
            (0, 1, 0, 0, 96, 96),  # 9216: large
            (2, 0, 0, 0, 10, 10),
        ],
    )
    features = count_features(read_ground_truth(write_coco(content)))
    columns = zip(features.kinds, features.names, strict=True)
    table = dict(zip(columns, features.counts.T.tolist(), strict=True))
    assert table["images", "images"] == [1, 1, 1]
    assert table["class", "can"] == [1, 0, 1]
    assert table["class", "cup"] == [2, 0, 0]
    assert table["area", "small"] == [1, 0, 1]
    assert table["area", "medium"] == [1, 0, 0]
    assert table["area", "large"] == [1, 0, 0]
    assert table["boxes per image", "0"] == [0, 1, 0]
    assert table["boxes per image", "1"] == [0, 0, 1]
    assert table["boxes per image", "2-3"] == [1, 0, 0]


def test_crowd_boxes_count_nowhere(write_coco: Callable[..., Path]) -> None:
    content = coco(1, [(0, 0, 0, 0, 50, 50)])
    content["annotations"][0]["iscrowd"] = 1
    features = count_features(read_ground_truth(write_coco(content)))
    counts = dict(zip(features.names, features.counts[0].tolist(), strict=True))
    assert counts["can"] == 0
    assert counts["medium"] == 0
    assert counts["0"] == 1
