"""Objects of rare classes, cut out of other images and pasted in."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.boxes import IntArray
from custom.detection.transforms.boxes import (
    Boxes,
    Image,
    Objects,
    areas,
    get_objects,
    partner_of,
    put_image,
    put_objects,
    sample_rng,
)
from custom.errors import PodiumError


@TRANSFORMS.register_module()
class RareClassPaste(BaseTransform):
    """Paste boxes of rare classes from other images, where they cover little.

    The class is drawn with a probability inverse to the number of its boxes among the classes
    that hold less than `rare_share` of all boxes; the image among those that have it. The cut
    is scaled, perhaps mirrored, and its edge fades into the picture. A place is refused where
    the new box and one that is there overlap by more than `max_cover` of either; after ten
    refusals nothing is pasted.

    Required Keys:

    - img (np.uint8 or np.float32)
    - gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)
    - sample_source (of CompetitionDataset)

    Modified Keys:

    - img, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Args:
        prob: Probability of pasting at all.
        max_pastes: Largest number of boxes pasted; at least one is tried.
        rare_share: Classes with less than this share of all boxes are rare.
        scale: Range of the factor on the size of the cut.
        max_cover: Largest share of a box that may be covered, in [0, 1].
    """

    def __init__(
        self,
        prob: float = 0.5,
        max_pastes: int = 2,
        rare_share: float = 0.05,
        scale: tuple[float, float] = (0.7, 1.3),
        max_cover: float = 0.2,
    ) -> None:
        if max_pastes < 1 or not 0 < rare_share <= 1 or not 0 < scale[0] <= scale[1]:
            raise PodiumError(
                "max_pastes must be at least 1, rare_share in (0, 1] and scale a range above 0, "
                f"but they are {max_pastes}, {rare_share} and {scale}"
            )
        self.prob, self.max_pastes, self.rare_share = prob, max_pastes, rare_share
        self.scale, self.max_cover = scale, max_cover
        self._images_of: dict[int, IntArray] = {}
        self._weights: npt.NDArray[np.float64] | None = None

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Paste rare objects into `results["img"]`."""
        rng = sample_rng()
        source = partner_of(results, "RareClassPaste")
        if self._weights is None:
            self._images_of, self._weights = rare_classes(source.image_labels, self.rare_share)
        if not self._images_of or rng.random() >= self.prob:
            return results
        results["img"] = results["img"].copy()
        for _ in range(int(rng.integers(1, self.max_pastes + 1))):
            label = int(rng.choice(list(self._images_of), p=self._weights))
            partner = source.load(int(rng.choice(self._images_of[label])))
            self._paste_one(results, partner, label, rng)
        return results

    def _paste_one(
        self, results: dict[str, Any], partner: dict[str, Any], label: int, rng: np.random.Generator
    ) -> None:
        """Paste one box with `label` of `partner` into `results`, if a place is found."""
        found = get_objects(partner)
        chosen = np.flatnonzero((found.labels == label) & ~found.ignore)
        if len(chosen) == 0:
            return
        patch = cut(partner["img"], found.bboxes[rng.choice(chosen)])
        patch = _varied(patch, rng.uniform(*self.scale), rng.random() < 0.5)
        objects, image = get_objects(results), results["img"]
        place = free_place(objects.bboxes, image.shape, patch.shape, self.max_cover, rng)
        if place is None:
            return
        put_image(results, faded_in(image, patch, place))
        x, y = place
        box = np.array([[x, y, x + patch.shape[1], y + patch.shape[0]]], np.float32)
        pasted = Objects(box, np.array([label], np.int64), np.zeros(1, bool))
        put_objects(results, objects.joined(pasted))


def rare_classes(
    image_labels: list[IntArray], rare_share: float
) -> tuple[dict[int, IntArray], npt.NDArray[np.float64]]:
    """Return, for each rare class, the images that have it, and the classes' probabilities."""
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *image_labels]))
    rare = [label for label, n in enumerate(counts) if 0 < n < rare_share * counts.sum()]
    images_of = {
        label: np.array([i for i, labels in enumerate(image_labels) if label in labels])
        for label in rare
    }
    weights = 1.0 / counts[rare]
    return images_of, weights / weights.sum() if rare else weights


def cut(image: Image, bbox: Boxes) -> Image:
    """Return the pixels that an xyxy box touches, at least one."""
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.floor(bbox[:2]), 0, [width - 1, height - 1]).astype(int)
    x2, y2 = np.clip(np.ceil(bbox[2:]), [x1 + 1, y1 + 1], [width, height]).astype(int)
    return image[y1:y2, x1:x2]


def _varied(patch: Image, scale: float, mirrored: bool) -> Image:
    size_wh = max(1, round(patch.shape[1] * scale)), max(1, round(patch.shape[0] * scale))
    patch = cv2.resize(patch, size_wh, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(patch[:, ::-1]) if mirrored else patch


def free_place(
    bboxes: Boxes,
    image_shape: tuple[int, ...],
    patch_shape: tuple[int, ...],
    max_cover: float,
    rng: np.random.Generator,
    tries: int = 10,
) -> tuple[int, int] | None:
    """Return x and y of a place in the image where a patch covers little, or None.

    Args:
        bboxes: Shape (N, 4), the boxes that are there.
        image_shape: Height and width of the image first.
        patch_shape: Height and width of the patch first.
        max_cover: Largest share of the patch or of a box that the other may cover.
        rng: Of everything random.
        tries: How many places to try.
    """
    height, width = patch_shape[:2]
    room_y, room_x = image_shape[0] - height + 1, image_shape[1] - width + 1
    if min(room_y, room_x) < 1:
        return None
    for _ in range(tries):
        x, y = int(rng.integers(room_x)), int(rng.integers(room_y))
        low = np.maximum(bboxes[:, :2], [x, y])
        high = np.minimum(bboxes[:, 2:], [x + width, y + height])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        smaller = np.minimum(areas(bboxes), width * height)
        if (shared <= max_cover * smaller).all():
            return x, y
    return None


def faded_in(image: Image, patch: Image, place: tuple[int, int]) -> Image:
    """Return `image` with `patch` at x, y, its edge faded over a tenth of its shorter side.

    `image` is written to.
    """
    height, width = patch.shape[:2]
    margin = max(1.0, 0.1 * min(height, width))
    rows, columns = (np.minimum(np.arange(n) + 1, n - np.arange(n)) for n in (height, width))
    alpha = np.minimum(np.minimum.outer(rows, columns) / margin, 1.0)[..., None]
    x, y = place
    behind = image[y : y + height, x : x + width]
    mixed = behind + (patch.astype(np.float32) - behind) * alpha
    behind[:] = np.rint(mixed) if image.dtype == np.uint8 else mixed
    return image
