# YOLOv5 s: a third of the bottlenecks, half the channels.
_base_ = "./yolov5.py"
model = dict(
    backbone=dict(depth=0.33, width=0.5),
    neck=dict(in_channels=[128, 256, 512], num_csp_blocks=1),
    bbox_head=dict(in_channels=[128, 256, 512]),
)
