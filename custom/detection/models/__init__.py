"""Detectors, necks and heads of our own, registered with MMDetection."""

from custom.detection.models.batch_resize import SeededBatchResize
from custom.detection.models.res2net import ZeroInitRes2Net
from custom.detection.models.sepc import SEPC
from custom.detection.models.sepc_heads import ATSSSEPCHead, GFLSEPCHead
from custom.detection.models.yolov5 import YOLOv5, YOLOv5Backbone, YOLOv5Head, YOLOv5PAFPN

__all__ = [
    "SEPC",
    "ATSSSEPCHead",
    "GFLSEPCHead",
    "SeededBatchResize",
    "YOLOv5",
    "YOLOv5Backbone",
    "YOLOv5Head",
    "YOLOv5PAFPN",
    "ZeroInitRes2Net",
]
