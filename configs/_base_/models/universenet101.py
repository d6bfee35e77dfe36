# UniverseNet-101 20.08d as published (arXiv:2103.14027): Res2Net-101 with deformable convolutions
# in stages 2 to 4, FPN, SEPC with integrated batch norm, GFL head.
# The original trains with SyncBN; BN has the same parameters, and `sync_bn = "torch"` in a config
# turns it into SyncBN where several GPUs see few images each.
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
        type="ZeroInitRes2Net",
        depth=101,
        scales=4,
        base_width=26,
        frozen_stages=1,
        norm_eval=False,
        dcn=dict(type="DCN", deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, True, True, True),
    ),
    neck=[
        dict(
            type="FPN",
            in_channels=[256, 512, 1024, 2048],
            out_channels=256,
            start_level=1,
            add_extra_convs="on_output",
            num_outs=5,
        ),
        dict(
            type="SEPC",
            stacked_convs=4,
            pconv_deform=True,
            lcconv_deform=True,
            ibn=True,
            lcconv_padding=1,
        ),
    ],
    bbox_head=dict(
        type="GFLSEPCHead",
        num_classes=80,
        in_channels=256,
        feat_channels=256,
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
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.01,
        nms=dict(type="nms", iou_threshold=0.6),
        max_per_img=100,
    ),
)
