# Blood cells at half the size, for comparing changes with less work.
_base_ = "./bccd.py"

image_scale = (320, 240)
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[1].update(scale=image_scale)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
