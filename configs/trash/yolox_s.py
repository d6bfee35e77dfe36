# YOLOX s from COCO: the quickest config that starts from strong weights. At 1024x1024, where the
# published one trained at 640.
_base_ = [
    "../_base_/models/yolox.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://download.openmmlab.com/mmdetection/v2.0/yolox/yolox_s_8x8_300e_coco/yolox_s_8x8_300e_coco_20211121_095711-4592a793.pth"
