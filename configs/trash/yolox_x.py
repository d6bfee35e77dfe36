# YOLOX x from COCO: no anchors, dynamic assignment, eleven times the parameters of s.
_base_ = [
    "../_base_/models/yolox_x.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v2.0/yolox/yolox_x_8x8_300e_coco/yolox_x_8x8_300e_coco_20211126_140254-1ef88d67.pth"
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=0.00125))
