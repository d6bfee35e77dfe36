"""Splits of labels of whole images, of videos, and of pictures that look alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from custom.splits.features import WITHOUT, count_features
from custom.splits.make import Evidence, make_split
from custom.tables.coco import read_ground_truth
from custom.testing.toy_splits import coco, random_boxes


def test_images_with_and_without_a_class_are_dealt_evenly(write_coco: Callable[..., Path]) -> None:
    # 40 images have a can, every fifth a cup; where that is unknown they count as neither.
    boxes = [(i, 0, 0, 0, 200, 200) for i in range(40)] + [(i, 1, 0, 0, 200, 200) for i in range(8)]
    content = coco(50, boxes)
    content["annotations"][-1]["iscrowd"] = 1
    gt = read_ground_truth(write_coco(content))
    features = count_features(gt)
    assert set(features.kinds) == {"images", "class", WITHOUT}
    assert features.counts.sum(axis=0).tolist() == [50, 40, 7, 10, 50 - 8]
    balance = make_split(gt, 5).balance
    assert balance.counts[:, features.columns(WITHOUT)][:, 0].tolist() == [2] * 5


def test_videos_stay_whole_without_being_asked(write_coco: Callable[..., Path]) -> None:
    content = coco(40, random_boxes(40))
    for index, entry in enumerate(content["images"]):
        entry["video_id" if index < 20 else "group"] = f"{index // 4}"
    draft = make_split(read_ground_truth(write_coco(content)), 5)
    fold = np.empty(40, np.int64)
    for number, positions in enumerate(draft.folds):
        fold[positions] = number
    assert (fold.reshape(10, 4) == fold[::4, None]).all()


def test_pictures_that_look_alike_do_not_chain_groups(write_coco: Callable[..., Path]) -> None:
    content = coco(60, random_boxes(60))
    for index, entry in enumerate(content["images"]):
        entry["group"] = index // 4
    gt = read_ground_truth(write_coco(content))
    # One picture of each of twelve groups looks alike: together they would be four folds of five.
    alike = (np.arange(0, 48, 4), np.array([49, 53]))
    draft = make_split(gt, 5, evidence=Evidence(["x"] * 2 + list(map(str, range(58))), alike))
    groups = draft.groups.reshape(15, 4)
    assert (groups == groups[:, :1]).all()
    assert len(np.unique(groups)) == 14  # only the small pair of groups is joined
    assert any(issue.startswith("48 of 60 images look alike in chains") for issue in draft.issues)
    joined = make_split(gt, 2, evidence=Evidence((), alike, join_chains=True))
    assert len(np.unique(joined.groups)) == 15 - 11 - 1
