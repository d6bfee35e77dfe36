"""Two images blended into one, with the boxes of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import (
    Image,
    get_objects,
    partner_of,
    put_image,
    put_objects,
    sample_rng,
)
from custom.errors import PodiumError


@TRANSFORMS.register_module()
class Mixup(BaseTransform):
    """Blend the image with another one of the data set; boxes and labels of both are kept.

    Both keep their scale and their upper left corner; the smaller one is padded. Put it right
    after loading, before what resizes.

    Required Keys:

    - img (np.uint8 or np.float32)
    - gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)
    - sample_source (of CompetitionDataset)

    Modified Keys:

    - img, img_shape, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Added Keys:

    - mixup_ratio (float, the share of the image itself)

    Args:
        prob: Probability of blending.
        ratio: Share of the image itself, in (0, 1); equal halves by default.
        beta: If given, the share is drawn from Beta(beta, beta) instead.
        pad_val: Grey that the smaller image is padded with.
        partner_transforms: Transforms of the other image before it is blended in.

    Source: Zhang et al. 2019, arXiv:1902.04103, section 3.1 (mixup for object detection).
    """

    def __init__(
        self,
        prob: float = 0.5,
        ratio: float = 0.5,
        beta: float | None = None,
        pad_val: int = 114,
        partner_transforms: Sequence[dict[str, Any]] = (),
    ) -> None:
        if not 0 < ratio < 1:
            raise PodiumError(f"ratio must be in (0, 1), but is {ratio}")
        if beta is not None and beta <= 0:
            raise PodiumError(f"beta must be above 0, but is {beta}")
        self.prob, self.ratio, self.beta, self.pad_val = prob, ratio, beta, pad_val
        self.partner_transforms = Compose(list(partner_transforms))

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Blend `results["img"]` with another image."""
        rng = sample_rng()
        if rng.random() >= self.prob:
            return results
        partner = self.partner_transforms(partner_of(results, "Mixup").draw())
        if partner is None:
            raise PodiumError("Mixup's partner_transforms left nothing of the other image")
        ratio = self.ratio if self.beta is None else float(rng.beta(self.beta, self.beta))
        put_image(results, blend(results["img"], partner["img"], ratio, self.pad_val))
        put_objects(results, get_objects(results).joined(get_objects(partner)))
        results["mixup_ratio"] = ratio
        return results


def blend(first: Image, second: Image, ratio: float, pad_val: int = 114) -> Image:
    """Return `ratio * first + (1 - ratio) * second` on a canvas that holds both.

    Args:
        first: Shape (H1, W1, 3). Not modified.
        second: Shape (H2, W2, 3). Not modified.
        ratio: Share of the first image, in [0, 1].
        pad_val: Grey beyond the lower and right edges of the smaller image.

    Returns:
        Shape (max(H1, H2), max(W1, W2), 3), in the type of the first image.
    """
    height, width = np.maximum(first.shape[:2], second.shape[:2]).tolist()
    padded = [_padded(image, height, width, pad_val) for image in (first, second)]
    return cv2.addWeighted(padded[0], ratio, padded[1].astype(first.dtype), 1 - ratio, 0)


def _padded(image: Image, height: int, width: int, pad_val: int) -> Image:
    below, right = height - image.shape[0], width - image.shape[1]
    if below == right == 0:
        return image
    grey = (pad_val,) * 3
    return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=grey)
