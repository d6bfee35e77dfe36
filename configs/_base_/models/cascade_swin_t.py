# Cascade R-CNN (boxes only) on Swin-T from ImageNet-1k.
_base_ = "mmdet::_base_/models/cascade-rcnn_r50_fpn.py"
model = dict(
    backbone=dict(
        _delete_=True,
        type="SwinTransformer",
        embed_dims=96,
        depths=[2, 2, 6, 2],
        num_heads=[3, 6, 12, 24],
        window_size=7,
        drop_path_rate=0.2,
        convert_weights=True,
        init_cfg=dict(
            type="Pretrained",
            checkpoint="https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth",
        ),
    ),
    neck=dict(in_channels=[96, 192, 384, 768]),
    # AP only gains from boxes with low scores, and the ensemble wants them.
    test_cfg=dict(rcnn=dict(score_thr=0.01)),
)
