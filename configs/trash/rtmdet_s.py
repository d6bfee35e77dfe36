# RTMDet s from COCO: large depthwise kernels and soft labels; the size of yolox_s, published as
# 4 AP better on COCO.
_base_ = [
    "../_base_/models/rtmdet_s.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v3.0/rtmdet/rtmdet_s_8xb32-300e_coco/rtmdet_s_8xb32-300e_coco_20220905_161602-387a891e.pth"
optim_wrapper = dict(optimizer=dict(lr=2e-4))
