# SEPC and the GFL head of UniverseNet on a half-width ResNet-18: small enough to learn from
# scratch on a CPU. No deformable parts: mmcv's operator costs seconds a step there.
model = dict(
    type="GFL",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        out_indices=(1, 2, 3),
        frozen_stages=-1,
        norm_eval=False,
    ),
    neck=[
        dict(
            type="FPN",
            in_channels=[64, 128, 256],
            out_channels=64,
            add_extra_convs="on_output",
            num_outs=5,
        ),
        dict(
            type="SEPC",
            in_channels=64,
            out_channels=64,
            stacked_convs=2,
            ibn=True,
            lcconv_padding=1,
        ),
    ],
    bbox_head=dict(
        type="GFLSEPCHead",
        num_classes=80,
        in_channels=64,
        feat_channels=64,
        stacked_convs=0,
        anchor_generator=dict(
            type="AnchorGenerator",
            ratios=[1.0],
            octave_base_scale=8,
            scales_per_octave=1,
            strides=[8, 16, 32, 64, 128],
        ),
        loss_cls=dict(type="QualityFocalLoss", use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_dfl=dict(type="DistributionFocalLoss", loss_weight=0.25),
        reg_max=16,
        loss_bbox=dict(type="GIoULoss", loss_weight=2.0),
    ),
    train_cfg=dict(
        assigner=dict(type="ATSSAssigner", topk=9), allowed_border=-1, pos_weight=-1, debug=False
    ),
    # AP only gains from boxes with low scores, and the ensemble wants them: 0.01, not 0.05.
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.01,
        nms=dict(type="nms", iou_threshold=0.6),
        max_per_img=100,
    ),
)
