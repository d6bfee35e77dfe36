# UniverseNet-101 20.08d from COCO: the strongest of the family at one scale of testing. Deformable
# everywhere, so it wants a GPU; batch 4 because integrated batch norm needs four images a device.
_base_ = [
    "../_base_/models/universenet101.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/finetune_sgd.py",
    "../_base_/default_runtime.py",
]

load_from = "https://github.com/shinya7y/UniverseNet/releases/download/20.10/universenet101_2008d_fp16_4x4_mstrain_480_960_20e_coco_20201023_epoch_20-3e0d236a.pth"
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=0.00125))
