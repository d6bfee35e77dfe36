# Cascade R-CNN on Swin-T, boxes only: the two-stage, windowed transformer in an ensemble. Only its
# backbone is pretrained, on ImageNet-1k.
_base_ = [
    "../_base_/models/cascade_swin_t.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    optimizer=dict(lr=5e-5),
    paramwise_cfg=dict(
        custom_keys=dict(
            absolute_pos_embed=dict(decay_mult=0.0),
            relative_position_bias_table=dict(decay_mult=0.0),
        )
    ),
)
