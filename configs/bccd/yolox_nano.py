# YOLOX at depth 0.33 and width 0.25, from scratch on blood cells.
_base_ = [
    "../_base_/models/yolox_nano.py",
    "../_base_/datasets/bccd.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
# Five minutes on two cores.
train_cfg = dict(max_epochs=18, val_interval=9)
