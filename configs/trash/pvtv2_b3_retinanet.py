# RetinaNet on PVTv2-B3 from COCO: one stage, anchors of three shapes, a backbone unlike the
# convolutional and the windowed ones.
_base_ = [
    "../_base_/models/retinanet_pvtv2_b3.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v2.0/pvt/retinanet_pvtv2-b3_fpn_1x_coco/retinanet_pvtv2-b3_fpn_1x_coco_20210903_151512-8357deff.pth"
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=5e-5, weight_decay=1e-4))
