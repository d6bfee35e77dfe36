# DINO on Swin-L from COCO, what recent winners of detection competitions build on. Batch 1: it
# takes a large GPU even so.
_base_ = [
    "../_base_/models/dino_swin_l.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

load_from = "https://github.com/RistoranteRist/mmlab-weights/releases/download/dino-swinl/dino-5scale_swin-l_8xb2-36e_coco-5486e051.pth"
train_dataloader = dict(batch_size=1)
optim_wrapper = dict(
    optimizer=dict(lr=2e-5, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
