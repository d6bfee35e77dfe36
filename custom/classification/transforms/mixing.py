"""Two images in one, with the labels of both in the shares that are seen of them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.boxes import FloatArray
from custom.classification.models.losses import UNKNOWN
from custom.detection.transforms.boxes import Image, partner_of, sample_rng
from custom.errors import PodiumError


class _Mixing(BaseTransform):
    """Mix an image with another one of the data set, which is resized to its size.

    Required Keys:

    - img, region_targets, whole_image (of LoadRegions), sample_source (of CompetitionDataset)

    Modified Keys:

    - img, region_targets

    Args:
        prob: Probability of mixing.
        alpha: The share of the image itself is drawn from Beta(alpha, alpha).
    """

    def __init__(self, prob: float = 0.5, alpha: float = 0.2) -> None:
        if not 0 <= prob <= 1 or alpha <= 0:
            raise PodiumError(
                f"prob must be in [0, 1] and alpha above 0, but are {prob} and {alpha}"
            )
        self.prob, self.alpha = prob, alpha

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mix `results["img"]` with another image."""
        name = type(self).__name__
        if not results.get("whole_image"):
            raise PodiumError(f"{name} mixes whole images, not regions; take it out of the config")
        rng = sample_rng()
        if rng.random() >= self.prob:
            return results
        partner = partner_of(results, name).draw()
        height, width = results["img"].shape[:2]
        other = cv2.resize(partner["img"], (width, height)).astype(results["img"].dtype)
        results["img"], share = self.mix(results["img"], other, rng)
        results["region_targets"] = mixed_targets(
            results["region_targets"], partner["region_targets"], share
        )
        return results

    def mix(self, image: Image, other: Image, rng: np.random.Generator) -> tuple[Image, float]:
        """Return the mixed image, and the share of it that is the image itself."""
        raise NotImplementedError


@TRANSFORMS.register_module()
class LabelMixup(_Mixing):
    """Blend the image with another one, and their labels likewise.

    Source: Zhang et al. 2018, arXiv:1710.09412.
    """

    def mix(self, image: Image, other: Image, rng: np.random.Generator) -> tuple[Image, float]:
        """Return the weighted mean of both images."""
        share = float(rng.beta(self.alpha, self.alpha))
        return cv2.addWeighted(image, share, other, 1 - share, 0), share


@TRANSFORMS.register_module()
class LabelCutMix(_Mixing):
    """Paste a rectangle of another image, and mix the labels by the areas.

    Source: Yun et al. 2019, arXiv:1905.04899.
    """

    def mix(self, image: Image, other: Image, rng: np.random.Generator) -> tuple[Image, float]:
        """Return the image with a rectangle of the other, of the same aspect ratio."""
        height, width = image.shape[:2]
        side = np.sqrt(1 - rng.beta(self.alpha, self.alpha))  # of the rectangle, as a share
        x, y = rng.uniform(0, width), rng.uniform(0, height)  # its centre
        x1, x2 = _limits(x, side * width, width)
        y1, y2 = _limits(y, side * height, height)
        mixed = image.copy()
        mixed[y1:y2, x1:x2] = other[y1:y2, x1:x2]
        return mixed, 1 - (x2 - x1) * (y2 - y1) / (width * height)


def _limits(centre: float, length: float, size: int) -> tuple[int, int]:
    ends = np.rint(np.clip([centre - length / 2, centre + length / 2], 0, size))
    return int(ends[0]), int(ends[1])


def mixed_targets(first: FloatArray, second: FloatArray, share: float) -> FloatArray:
    """Return `share * first + (1 - share) * second`, unknown where either is.

    Args:
        first: Shape (N, C), 0 to 1, or -1 for unknown.
        second: The same.
        share: In [0, 1].
    """
    unknown = (first == UNKNOWN) | (second == UNKNOWN)
    return np.where(unknown, UNKNOWN, share * first + (1 - share) * second)
