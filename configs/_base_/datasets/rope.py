# Persons in frames of 1280x720.
_base_ = ["../competitions/rope.py", "./labels.py"]

image_scale = (1280, 720)  # width, height
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[2].update(scale=image_scale)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
