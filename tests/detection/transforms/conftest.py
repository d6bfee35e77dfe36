from typing import Any

import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import init_default_scope

import custom.detection  # noqa: F401 (registers)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmdet")


def picture(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def sample(img: np.ndarray, bboxes, labels, ignore=None, **extra: Any) -> dict[str, Any]:
    """Return what the loaders leave of an image with these objects."""
    ignore = [False] * len(labels) if ignore is None else ignore
    return {
        "img": img,
        "img_shape": img.shape[:2],
        "gt_bboxes": HorizontalBoxes(np.array(bboxes, np.float32).reshape(-1, 4)),
        "gt_bboxes_labels": np.array(labels, np.int64),
        "gt_ignore_flags": np.array(ignore, bool),
        **extra,
    }


class Source:
    """Other samples, as the data set offers them."""

    def __init__(self, *samples: dict[str, Any]) -> None:
        self.samples = samples

    @property
    def image_labels(self):
        return [one["gt_bboxes_labels"] for one in self.samples]

    def draw(self):
        return self.load(int(np.random.randint(len(self.samples))))

    def load(self, index):
        return dict(self.samples[index])


def bboxes_of(results) -> np.ndarray:
    return results["gt_bboxes"].tensor.numpy()


def check_types(results) -> None:
    """Fail unless a sample is what MMDetection's transforms expect of it."""
    num_boxes = len(results["gt_bboxes"])
    assert isinstance(results["gt_bboxes"], HorizontalBoxes)
    assert results["gt_bboxes"].tensor.dtype.is_floating_point
    assert results["gt_bboxes"].tensor.shape == (num_boxes, 4)
    assert results["gt_bboxes_labels"].dtype == np.int64
    assert results["gt_bboxes_labels"].shape == (num_boxes,)
    assert results["gt_ignore_flags"].dtype == bool
    assert results["gt_ignore_flags"].shape == (num_boxes,)
    assert results["img_shape"] == results["img"].shape[:2]
    assert results["img"].flags.c_contiguous
