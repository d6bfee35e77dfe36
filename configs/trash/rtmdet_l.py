# RTMDet l from COCO: half the parameters of yolox_x, published as 0.4 AP better on COCO.
_base_ = [
    "../_base_/models/rtmdet.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v3.0/rtmdet/rtmdet_l_8xb32-300e_coco/rtmdet_l_8xb32-300e_coco_20220719_112030-5a0be7c4.pth"
train_dataloader = dict(batch_size=4)
