"""A camera that looks from somewhere else."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import Boxes, Image, get_objects, put_objects, sample_rng
from custom.errors import PodiumError


@TRANSFORMS.register_module()
class RandomPerspective(BaseTransform):
    """Move the image's corners apart, each by a share of the sides.

    A box becomes the upright box around its moved corners, limited to the image.

    Required Keys:

    - img, gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)

    Modified Keys:

    - img, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Args:
        prob: Probability of moving.
        scale: Largest share of a side that a corner moves by, inwards or outwards, below 0.25.
        pad_val: Grey of what turns into view.
    """

    def __init__(self, prob: float = 0.5, scale: float = 0.08, pad_val: int = 114) -> None:
        if not 0 <= scale < 0.25:
            raise PodiumError(f"scale must be in [0, 0.25), but is {scale}")
        self.prob, self.scale, self.pad_val = prob, scale, pad_val

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Move the corners of `results["img"]`."""
        rng = sample_rng()
        if rng.random() >= self.prob:
            return results
        height, width = results["img"].shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        shifts = rng.uniform(-self.scale, self.scale, (4, 2)) * [width, height]
        matrix = cv2.getPerspectiveTransform(corners, (corners + shifts).astype(np.float32))
        grey = (self.pad_val,) * 3
        results["img"] = cv2.warpPerspective(
            results["img"], _centred(matrix), (width, height), borderValue=grey
        )
        objects = get_objects(results)
        moved = objects.with_bboxes(projected(objects.bboxes, matrix))
        put_objects(results, moved.clipped((height, width)))
        return results


def _centred(matrix: Image) -> Image:
    """Return a matrix of pixel edges as one of pixel centres, which are OpenCV's coordinates."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.linalg.inv(half) @ matrix @ half


def projected(bboxes: Boxes, matrix: Image) -> Boxes:
    """Return the upright boxes around boxes (N, 4) whose corners a matrix (3, 3) moves."""
    corners = bboxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    homogeneous = np.concatenate([corners, np.ones((len(corners), 4, 1))], axis=2) @ matrix.T
    moved = homogeneous[..., :2] / homogeneous[..., 2:]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1).astype(np.float32)
