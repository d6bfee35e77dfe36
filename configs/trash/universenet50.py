# UniverseNet-50 with the ATSS head: centerness instead of a quality-aware class score, so its
# mistakes differ from the GFL members of an ensemble.
_base_ = [
    "../_base_/models/universenet50.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://github.com/shinya7y/UniverseNet/releases/download/20.06/universenet50_fp16_8x2_mstrain_480_960_2x_coco_20200523_epoch_23-f9f426a3.pth"
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=0.00125))
