"""A hand-held camera: slightly turned, slightly out of focus."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import (
    Boxes,
    Image,
    get_objects,
    put_image,
    put_objects,
    sample_rng,
)
from custom.errors import PodiumError


@TRANSFORMS.register_module()
class CameraJitter(BaseTransform):
    """Turn the image by a few degrees and blur it, each with its own probability.

    A box becomes the upright box around its turned corners, limited to the image: at 5 degrees a
    square one grows by at most 8.4% a side. It goes where less than `min_visible` remains.

    Required Keys:

    - img (np.uint8 or np.float32)
    - gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)

    Modified Keys:

    - img, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Args:
        max_degrees: Largest rotation, to either side.
        sigma: Range of the Gaussian blur, in pixels.
        rotate_prob: Probability of rotating.
        blur_prob: Probability of blurring.
        pad_val: Grey of the corners that turn into view.
        min_visible: Smallest share of a turned box within the image that keeps it.
    """

    def __init__(
        self,
        max_degrees: float = 5.0,
        sigma: tuple[float, float] = (0.5, 1.5),
        rotate_prob: float = 0.5,
        blur_prob: float = 0.5,
        pad_val: int = 114,
        min_visible: float = 0.25,
    ) -> None:
        if not 0 <= max_degrees <= 45:
            raise PodiumError(f"max_degrees must be in [0, 45], but is {max_degrees}")
        if not 0 < sigma[0] <= sigma[1]:
            raise PodiumError(f"sigma must be a range above 0, but is {sigma}")
        self.max_degrees, self.sigma = max_degrees, sigma
        self.rotate_prob, self.blur_prob = rotate_prob, blur_prob
        self.pad_val, self.min_visible = pad_val, min_visible

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn and blur `results["img"]`."""
        rng = sample_rng()
        turns, blurs = rng.random() < self.rotate_prob, rng.random() < self.blur_prob
        if turns:
            degrees = rng.uniform(-self.max_degrees, self.max_degrees)
            matrix = rotation(results["img"].shape[:2], degrees)
            objects = get_objects(results)
            turned = objects.with_bboxes(enclosed(objects.bboxes, matrix))
            put_image(results, turn(results["img"], matrix, self.pad_val))
            put_objects(results, turned.clipped(results["img_shape"], self.min_visible))
        if blurs:
            results["img"] = cv2.GaussianBlur(results["img"], (0, 0), rng.uniform(*self.sigma))
        return results


def rotation(shape_hw: tuple[int, int], degrees: float) -> Image:
    """Return the matrix (2, 3) that turns an image about its centre, counter-clockwise."""
    height, width = shape_hw
    return cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)


def turn(image: Image, matrix: Image, pad_val: int) -> Image:
    """Return the image moved by a matrix (2, 3) whose coordinates are pixel edges, as boxes' are.

    OpenCV's coordinates are pixel centres, half a pixel off.
    """
    half = np.array([0.5, 0.5])
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ half - half
    size_wh = image.shape[1], image.shape[0]
    return cv2.warpAffine(image, centred, size_wh, borderValue=(pad_val,) * 3)


def enclosed(bboxes: Boxes, matrix: Image) -> Boxes:
    """Return the upright boxes around boxes (N, 4) whose corners a matrix (2, 3) moves."""
    corners = bboxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]  # (N, 4, 2)
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1).astype(np.float32)
