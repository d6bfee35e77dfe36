# YOLOv5 s, our own: a third of the depth and half the width of yolov5_l.
_base_ = [
    "../_base_/models/yolov5_s.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
