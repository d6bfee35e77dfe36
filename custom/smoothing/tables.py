"""Smoothing of a table of predictions on the frames of videos."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.threads import over_ranges
from custom.errors import PodiumError
from custom.smoothing.kernels import Frames, Rule, smooth_frames
from custom.smoothing.settings import (
    TIME_TOLERANCE,
    USUAL_FRAMES,
    USUAL_SECONDS,
    Smoothing,
)
from custom.tables import Images, Predictions
from custom.tables.images import UNKNOWN


def smooth_table(predictions: Predictions, images: Images, settings: Smoothing) -> Predictions:
    """Return the predictions with smoothed scores; boxes, labels and order stay.

    Frames go by their time or their place in the video, whatever the order of the table: a frame
    that is missing is missing, and does not bring its neighbours together. Images of no video stay
    as they are.

    Args:
        predictions: On the images, in their order.
        images: With their videos.
        settings: How.

    Raises:
        PodiumError: If no image is of a video, or a frame lacks its time or shares it with another.
    """
    times = times_of(images, settings.unit)
    order, first, end = _by_video(images.video_ids, times)
    frames = Frames(
        np.where(images.video_ids == UNKNOWN, 0.0, times)[order], first, end,
        predictions.offsets[:-1][order], predictions.offsets[1:][order],
        predictions.bboxes, predictions.scores, predictions.labels,
    )  # fmt: skip
    out = np.empty(predictions.num_boxes)
    over_ranges(smooth_frames, len(order), predictions.num_boxes, frames, rule_of(settings), out)
    return predictions.with_columns(scores=out)


def rule_of(settings: Smoothing) -> Rule:
    """Return what the kernel asks for."""
    return Rule(
        settings.reach + TIME_TOLERANCE, settings.iou_thr, settings.most, settings.method_number,
        settings.past_only,
    )  # fmt: skip


def usual_window(images: Images) -> tuple[float, str]:
    """Return half a second where the times of all frames are known, else ten frames."""
    known = np.isfinite(images.timestamps[images.video_ids != UNKNOWN])
    return (USUAL_SECONDS, "seconds") if known.all() else (float(USUAL_FRAMES), "frames")


def times_of(images: Images, unit: str) -> FloatArray:
    """Return when each image was taken, shape (I,), in frames or seconds since its video's start.

    Raises:
        PodiumError: If no image is of a video, or one that is lacks its time, or two of a video
            have the same.
    """
    in_video = images.video_ids != UNKNOWN
    source = images.source or "images"
    if not in_video.any():
        raise PodiumError(
            f"{source}: images must say their video to be smoothed over time (video_id, and "
            "frame_id or timestamp), but none does"
        )
    key = "timestamp" if unit == "seconds" else "frame_id"
    times = images.timestamps if unit == "seconds" else images.frame_ids.astype(np.float64)
    missing = in_video & (~np.isfinite(times) | ((times < 0) & (unit == "frames")))
    if missing.any():
        name = images.file_names[int(np.argmax(missing))]
        other = "--frames" if unit == "seconds" else "--seconds"
        raise PodiumError(
            f"{source}: every frame of a video must have a {key} for a window of {unit}, but "
            f"{missing.sum()} of {in_video.sum()} lack it, the first is {name}; use {other}, if "
            "that is known"
        )
    _refuse_equal_times(images, times, in_video, key)
    return times


def _refuse_equal_times(images: Images, times: FloatArray, in_video: IntArray, key: str) -> None:
    rows = np.flatnonzero(in_video)
    rows = rows[np.lexsort((times[rows], images.video_ids[rows]))]
    videos = images.video_ids[rows]
    same = (np.diff(videos) == 0) & (np.diff(times[rows]) == 0)
    if same.any():
        place = int(np.argmax(same))
        one, two = (images.file_names[row] for row in rows[place : place + 2])
        raise PodiumError(
            f"{images.source or 'images'}: frames of a video must have different values of {key}, "
            f"but {one} and {two} both have {times[rows[place]]:g}; are they of two videos with "
            "one video_id?"
        )


def _by_video(video_ids: IntArray, times: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return images by video and time, and the ends of each one's video, shape (I,) each."""
    alone = video_ids == UNKNOWN
    # An image of no video is a video of its own.
    keys = np.where(alone, -2 - np.arange(len(video_ids)), video_ids)
    order = np.lexsort((np.where(alone, 0.0, times), keys))
    _, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    return order, np.repeat(starts, counts), np.repeat(starts + counts, counts)
