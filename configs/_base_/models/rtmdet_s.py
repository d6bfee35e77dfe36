# RTMDet s: depth 0.33, width 0.5; the published s predicts box sides without the exponential.
_base_ = "./rtmdet.py"
model = dict(
    backbone=dict(deepen_factor=0.33, widen_factor=0.5),
    neck=dict(in_channels=[128, 256, 512], out_channels=128, num_csp_blocks=1),
    bbox_head=dict(in_channels=128, feat_channels=128, exp_on_reg=False),
)
