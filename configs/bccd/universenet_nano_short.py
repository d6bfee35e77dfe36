# Six epochs at a smaller size, for comparing changes. What helps is tried in full after.
_base_ = [
    "../_base_/models/universenet_nano.py",
    "../_base_/datasets/bccd_320.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]

train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=1.5e-3))
train_cfg = dict(max_epochs=6, val_interval=6)
