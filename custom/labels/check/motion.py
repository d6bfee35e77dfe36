"""Videos whose boxes do not lie where something moves: whole videos that were exchanged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from custom.labels.check.mismatch import MOTION, Mismatch
from custom.labels.check.neighbours import frames_in_order
from custom.labels.check.small import SIDE, Small
from custom.tables import GroundTruth
from custom.tables.ground_truth import covers_whole_images
from custom.tables.images import UNKNOWN

# Fewer frames do not show what moves.
MIN_FRAMES = 4
# Where boxes move this many times as much as the rest, in the usual video, the camera stands still
# enough for its videos to be compared.
USUAL_RATIO = 2.0
# Below this share of the usual ratio; of 60 drawn clips with right boxes the lowest has 0.7.
LOW_SHARE = 0.6


def boxes_without_motion(gt: GroundTruth, small: Small) -> list[Mismatch]:
    """Return the frames of videos whose boxes move hardly more than what is around them.

    Nothing is said where boxes cover their images, or where cameras move.

    Args:
        gt: With videos and boxes of what moves.
        small: Shape (I, 48, 48, 3), from `read_small`.
    """
    if gt.num_boxes == 0 or covers_whole_images(gt):
        return []
    videos = np.unique(gt.images.video_ids[gt.images.video_ids != UNKNOWN]).tolist()
    frames = [frames_in_order(gt.images, video) for video in videos]
    ratios = np.array([_ratio(gt, small, order.tolist()) for order in frames])
    known = ratios[np.isfinite(ratios)]
    if len(known) < 3 or np.median(known) < USUAL_RATIO:
        return []
    return [
        Mismatch(
            MOTION, image,
            f"its video's boxes move {ratio:.1f} times as much as the rest, usually "
            f"{np.median(known):.1f} times",
        )
        for order, ratio in zip(frames, ratios.tolist(), strict=True)
        if ratio < LOW_SHARE * np.median(known)
        for image in order.tolist()
    ]  # fmt: skip


def _ratio(gt: GroundTruth, small: Small, frames: list[int]) -> float:
    """Return how much more pixels in boxes change than others; NaN where there are too few."""
    if len(frames) < MIN_FRAMES:
        return np.nan
    change = np.abs(np.diff(small[frames], axis=0)).mean(axis=3)
    inside = np.stack([_mask(gt, image) for image in frames])
    inside = inside[1:] | inside[:-1]
    if not inside.any() or inside.all():
        return np.nan
    return float(change[inside].mean() / max(float(change[~inside].mean()), 1e-6))


def _mask(gt: GroundTruth, image: int) -> npt.NDArray[np.bool_]:
    """Return which pixels of the small picture lie in a box of the image."""
    height, width = gt.images.sizes_hw[image].tolist()
    mask = np.zeros((SIDE, SIDE), bool)
    scale = np.array([SIDE / width, SIDE / height] * 2)
    for left, top, right, bottom in (gt.bboxes[gt.rows(image)] * scale).tolist():
        mask[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
    return mask
