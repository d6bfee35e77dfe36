# UniverseNet-50 (20.06): the first of the family, with an ATSS head (focal loss, centerness, box
# deltas) and no padding in SEPC's last convolutions.
_base_ = "./universenet101_gfl.py"
model = dict(
    type="ATSS",
    backbone=dict(depth=50),
    neck=[
        _base_.model.neck[0],
        dict(type="SEPC", stacked_convs=4, pconv_deform=True, lcconv_deform=True),
    ],
    bbox_head=dict(
        _delete_=True,
        type="ATSSSEPCHead",
        num_classes=80,
        in_channels=256,
        feat_channels=256,
        stacked_convs=0,
        anchor_generator=_base_.model.bbox_head.anchor_generator,
        bbox_coder=dict(
            type="DeltaXYWHBBoxCoder",
            target_means=[0.0, 0.0, 0.0, 0.0],
            target_stds=[0.1, 0.1, 0.2, 0.2],
        ),
        loss_cls=dict(type="FocalLoss", use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type="GIoULoss", loss_weight=2.0),
        loss_centerness=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0),
    ),
)
