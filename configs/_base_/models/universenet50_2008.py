# UniverseNet-50 20.08: half the cost of 20.08d, because only the last stage of the backbone and
# SEPC's last convolutions are deformable.
_base_ = "./universenet101.py"
model = dict(
    backbone=dict(depth=50, stage_with_dcn=(False, False, False, True)),
    neck=[
        _base_.model.neck[0],
        dict(type="SEPC", stacked_convs=4, lcconv_deform=True, ibn=True, lcconv_padding=1),
    ],
)
