# UniverseNet-101+GFL (20.07): no integrated batch norm, and the backbone's statistics stay as they
# are, so that it trains with one or two images a device.
_base_ = "./universenet101.py"
model = dict(
    backbone=dict(norm_eval=True),
    neck=[
        _base_.model.neck[0],
        dict(
            type="SEPC",
            stacked_convs=4,
            pconv_deform=True,
            lcconv_deform=True,
            lcconv_padding=1,
        ),
    ],
)
