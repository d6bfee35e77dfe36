# The drawn 64x64 pictures, the recipe of ../tiny/resnet50.py in small: two minutes on one core.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/tiny.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/classifier_runtime.py",
]
model = dict(backbone=dict(name="test_resnet", small_stem=3), head=dict(dropout=0.3))
label_smoothing = 0.1
train_dataloader = dict(batch_size=32)
val_dataloader = dict(batch_size=64)
test_dataloader = dict(batch_size=64)
train_cfg = dict(max_epochs=20, val_interval=4)
