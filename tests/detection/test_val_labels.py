from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from custom.splits import make_split, read_labelled, seal
from custom.testing.toy_splits import coco, random_boxes

checks = pytest.importorskip("custom.training.checks.data")


def test_val_images_with_other_boxes_than_sealed_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = coco(20, random_boxes(20))
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    split = seal(make_split(read_labelled(path), 4), tmp_path / "s")
    content["annotations"][0]["bbox"][2] += 5
    path.write_text(json.dumps(content))
    gt = read_labelled(path)
    with caplog.at_level(logging.WARNING):
        for fold in range(4):
            checks.warn_of_other_val_labels(split, fold, gt)
    (message,) = caplog.messages
    fold = next(k for k in range(4) if "train/0000.jpg" in split.val_file_names(k))
    assert f"1 val images of fold {fold} have other boxes" in message
    assert "the first is train/0000.jpg" in message
