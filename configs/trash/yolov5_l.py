# YOLOv5 l, our own: anchors assigned by shape, objectness beside the classes. The official weights
# come as pickled code under the AGPL; a state dict exported from them loads with --init. Without
# it this trains from scratch, for which 30 epochs are few.
_base_ = [
    "../_base_/models/yolov5.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
