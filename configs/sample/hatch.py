# The drawn hatches at 96x96 by a small ResNet from scratch: two minutes on one core.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/hatch.py",
    "../_base_/augmentations/cam.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/classifier_runtime.py",
]
model = dict(backbone=dict(name="resnet10t"))
image_scale = (96, 96)
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[2].update(scale=image_scale)
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=32, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=32, dataset=dict(pipeline=test_pipeline))
train_cfg = dict(max_epochs=12, val_interval=3)
