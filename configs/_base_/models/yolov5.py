# YOLOv5 l (depth 1, width 1), release 6 and later. Images in RGB, 0 to 1, padded with grey.
model = dict(
    type="YOLOv5",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_value=114 / 255,
    ),
    backbone=dict(type="YOLOv5Backbone", depth=1.0, width=1.0),
    neck=dict(type="YOLOv5PAFPN", in_channels=[256, 512, 1024], num_csp_blocks=3),
    bbox_head=dict(type="YOLOv5Head", num_classes=80, in_channels=[256, 512, 1024]),
    test_cfg=dict(
        score_thr=0.01, nms_pre=3000, nms=dict(type="nms", iou_threshold=0.6), max_per_img=100
    ),
)
