# UniverseNet-50 20.08: deformable only where it pays most; the quick member of the family, for
# trying ideas that then go to universenet101.
_base_ = [
    "../_base_/models/universenet50_2008.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://github.com/shinya7y/UniverseNet/releases/download/20.08/universenet50_2008_fp16_4x4_mstrain_480_960_2x_coco_20200815_epoch_24-81356447.pth"
