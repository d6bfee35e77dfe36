"""Podium: from a COCO data set to a submission that a detection team can believe in.

Everything outside `custom.detection` works on numpy tables and needs neither torch nor mmdet.
"""

__version__ = "0.1.0"
