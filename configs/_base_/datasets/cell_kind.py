# Blood cells at three fifths of their 640x480, as the detectors see them.
_base_ = ["../competitions/cell_kind.py", "./competition.py"]

image_scale = (384, 288)  # width, height
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadRegions"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    # Cells have no upright: every flip is as likely as none.
    dict(
        type="RandomFlip",
        prob=[0.25, 0.25, 0.25],
        direction=["horizontal", "vertical", "diagonal"],
    ),
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
