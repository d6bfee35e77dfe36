# Which kind of cell is in a box: a small ResNet from scratch on the detectors' own files.
_base_ = [
    "../_base_/models/region_classifier.py",
    "../_base_/datasets/cell_kind.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(map_index=2),
    head=dict(hidden=(64,)),
    widen=dict(left=0.1, right=0.1, up=0.1, down=0.1),
)
# Three minutes on one core.
train_cfg = dict(max_epochs=8, val_interval=2)
