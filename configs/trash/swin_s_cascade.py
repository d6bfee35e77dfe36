# Swin-S: 18 blocks instead of 6 in the third stage, published as 1.5 AP better on COCO.
_base_ = "./swin_t_cascade.py"
model = dict(
    backbone=dict(
        depths=[2, 2, 18, 2],
        init_cfg=dict(
            checkpoint="https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_small_patch4_window7_224.pth"
        ),
    )
)
