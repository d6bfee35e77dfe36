"""YOLOv5 as a detector of MMDetection."""

from __future__ import annotations

from mmdet.models.detectors import SingleStageDetector
from mmdet.registry import MODELS


@MODELS.register_module()
class YOLOv5(SingleStageDetector):
    """Backbone, neck and head in a row.

    Written from the published architecture (release 6 and later) and the papers on its parts:
    CSP (arXiv:1911.11929), PAN (arXiv:1803.01534), SPP (arXiv:1406.4729), CIoU (arXiv:1911.08287).
    """
