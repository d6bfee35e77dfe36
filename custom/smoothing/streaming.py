"""Smoothing of a stream: a frame at a time, with what was seen within the window."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.smoothing.kernels import Frames, smooth_frames
from custom.smoothing.settings import Smoothing
from custom.smoothing.tables import rule_of

_Frame = tuple[float, FloatArray, FloatArray, IntArray]


class StreamingSmoother:
    """Smooths the scores of a video as its frames come; takes time by the boxes in the window.

    It gives what `smooth_table` gives with `past_only`, since raw scores are what it remembers.

        smoother = StreamingSmoother(Smoothing(reach=0.5, unit="seconds"))
        for time, bboxes, scores, labels in stream:
            smoothed = smoother.update(time, bboxes, scores, labels)

    Args:
        settings: How; the future is never looked at.
    """

    def __init__(self, settings: Smoothing | None = None) -> None:
        self.settings = replace(settings or Smoothing(), past_only=True)
        self._rule = rule_of(self.settings)
        self._frames: deque[_Frame] = deque()

    def reset(self) -> None:
        """Forget what was seen, as at a cut between scenes or a new video."""
        self._frames.clear()

    def update(
        self, time: float, bboxes: npt.ArrayLike, scores: npt.ArrayLike, labels: npt.ArrayLike
    ) -> FloatArray:
        """Return the smoothed scores of a frame, shape (N,).

        Args:
            time: Its time in seconds, or its number; above that of the frame before.
            bboxes: Shape (N, 4), xyxy. N may be 0.
            scores: Shape (N,), as the model gave them.
            labels: Shape (N,).

        Raises:
            PodiumError: If the time does not rise, or the shapes disagree.
        """
        boxes = np.asarray(bboxes, np.float64).reshape(-1, 4)
        frame = (time, boxes, np.asarray(scores, np.float64), np.asarray(labels, np.int64))
        self._check(frame)
        while self._frames and time - self._frames[0][0] > self._rule.reach:
            self._frames.popleft()
        self._frames.append(frame)
        times, *columns = zip(*self._frames, strict=True)
        stops = np.cumsum([len(each) for each in columns[1]])
        count = len(times)
        frames = Frames(
            np.array(times, np.float64), np.zeros(count, np.int64), np.full(count, count),
            np.append(0, stops[:-1]), stops, *(np.concatenate(column) for column in columns),
        )  # fmt: skip
        out = np.empty(int(stops[-1]))
        smooth_frames(count - 1, count, frames, self._rule, out)
        return out[len(out) - len(frame[2]) :]

    def _check(self, frame: _Frame) -> None:
        time, bboxes, scores, labels = frame
        if not np.isfinite(time) or (self._frames and time <= self._frames[-1][0]):
            last = self._frames[-1][0] if self._frames else "nothing"
            raise PodiumError(
                f"times must rise from frame to frame, but {time} comes after {last}; call reset() "
                "where a new video begins"
            )
        if not len(bboxes) == len(scores) == len(labels):
            raise PodiumError(
                f"a frame must have as many boxes as scores and labels, but has {len(bboxes)}, "
                f"{len(scores)} and {len(labels)}"
            )
