# As dinov3_roi.py with a small ResNet from scratch on drawn clips of 320x180: two cores, minutes.
_base_ = [
    "../_base_/models/region_classifier.py",
    "../_base_/datasets/rope.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(map_index=2),
    head=dict(hidden=(64,)),
    widen=dict(left=1.0, right=1.0, up=0.2, down=1.5),
)
image_scale = (320, 180)
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[2].update(scale=image_scale)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_cfg = dict(max_epochs=12, val_interval=2)
