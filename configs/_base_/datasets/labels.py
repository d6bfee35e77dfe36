# What the data of every classifier have in common: whole images or given regions, flipped.
_base_ = "./competition.py"

image_scale = (384, 384)  # width, height
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
