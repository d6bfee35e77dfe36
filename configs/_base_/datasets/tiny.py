# Pictures of 64x64 pixels, as they are: resizing them is what large models failed by.
_base_ = ["../competitions/tiny.py", "./labels.py"]

image_scale = (64, 64)  # width, height
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[2].update(scale=image_scale)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
