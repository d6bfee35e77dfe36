# UniverseNet-101 without integrated batch norm and with the backbone statistics of its
# pretraining: for GPUs that hold only one or two images.
_base_ = [
    "../_base_/models/universenet101_gfl.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://github.com/shinya7y/UniverseNet/releases/download/20.07/universenet101_gfl_fp16_4x4_mstrain_480_960_2x_coco_20200716_epoch_24-1b9a1241.pth"
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(optimizer=dict(lr=0.000625))
