# Pictures of 64x64 pixels, as they are: resizing them is what large models failed by.
_base_ = ["../competitions/tiny.py", "./competition.py"]

image_scale = (64, 64)  # width, height
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadRegions"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackRegions"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadRegions"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="PackRegions"),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
