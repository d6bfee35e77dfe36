# UniverseNet's neck and head on a narrow ResNet-18, from scratch on the drawn scenes.
_base_ = [
    "../_base_/models/universenet_nano.py",
    "../_base_/datasets/sample.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
# Three minutes on one core: enough to learn the drawn classes, not enough to saturate.
train_cfg = dict(max_epochs=9, val_interval=9)
