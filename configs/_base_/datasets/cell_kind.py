# Blood cells at three fifths of their 640x480, as the detectors see them.
_base_ = ["../competitions/cell_kind.py", "./labels.py"]

image_scale = (384, 288)  # width, height
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
train_pipeline[2].update(scale=image_scale)
test_pipeline[2].update(scale=image_scale)
# Cells have no upright: every flip is as likely as none.
train_pipeline[3].update(prob=[0.25, 0.25, 0.25], direction=["horizontal", "vertical", "diagonal"])
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
