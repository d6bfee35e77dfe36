"""YOLOv5 as a detector of our own in MMDetection's form."""

from custom.detection.models.yolov5.backbone import YOLOv5Backbone
from custom.detection.models.yolov5.detector import YOLOv5
from custom.detection.models.yolov5.head import YOLOv5Head
from custom.detection.models.yolov5.neck import YOLOv5PAFPN

__all__ = ["YOLOv5", "YOLOv5Backbone", "YOLOv5Head", "YOLOv5PAFPN"]
