# UniverseNet's neck and head on a narrow ResNet-18, from scratch on blood cells.
_base_ = [
    "../_base_/models/universenet_nano.py",
    "../_base_/datasets/bccd.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
# Batches of 4: on 234 images twice as many steps help more than steadier ones. Five minutes on two
# cores.
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=1.5e-3))
train_cfg = dict(max_epochs=14, val_interval=7)
