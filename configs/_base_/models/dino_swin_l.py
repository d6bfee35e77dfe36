# DINO with five scales on Swin-L (windows of 12, built for 384). `with_cp` recomputes activations
# of the backbone in the backward pass: slower, and what makes it fit.
_base_ = "./dino.py"
model = dict(
    num_feature_levels=5,
    backbone=dict(
        _delete_=True,
        type="SwinTransformer",
        pretrain_img_size=384,
        embed_dims=192,
        depths=[2, 2, 18, 2],
        num_heads=[6, 12, 24, 48],
        window_size=12,
        drop_path_rate=0.2,
        with_cp=True,
        convert_weights=True,
    ),
    neck=dict(in_channels=[192, 384, 768, 1536], num_outs=5),
    encoder=dict(layer_cfg=dict(self_attn_cfg=dict(num_levels=5))),
    decoder=dict(layer_cfg=dict(cross_attn_cfg=dict(num_levels=5))),
)
