# DINO on ResNet-50 from COCO: a set predictor, no anchors, no NMS; the affordable one of its kind.
# Gradients clipped at 0.1 and a tenth of the rate for the backbone, as published.
_base_ = [
    "../_base_/models/dino.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v3.0/dino/dino-4scale_r50_8xb2-12e_coco/dino-4scale_r50_8xb2-12e_coco_20221202_182705-55b2bba2.pth"
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(
    optimizer=dict(lr=5e-5, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
