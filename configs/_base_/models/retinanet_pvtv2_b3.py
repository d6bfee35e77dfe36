# RetinaNet on PVTv2-B3, a pyramid transformer with linear cost.
_base_ = "mmdet::_base_/models/retinanet_r50_fpn.py"
model = dict(
    backbone=dict(
        _delete_=True,
        type="PyramidVisionTransformerV2",
        embed_dims=64,
        num_layers=[3, 4, 18, 3],
    ),
    neck=dict(in_channels=[64, 128, 320, 512]),
    # AP only gains from boxes with low scores, and the ensemble wants them.
    test_cfg=dict(score_thr=0.01),
)
