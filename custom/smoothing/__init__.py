"""Scores of one object over the frames of a video: matched by IoU, and smoothed."""

from custom.smoothing.settings import Smoothing
from custom.smoothing.streaming import StreamingSmoother
from custom.smoothing.tables import smooth_table

__all__ = ["Smoothing", "StreamingSmoother", "smooth_table"]
