# Is there a white cell on the image, are there platelets? A small ResNet from scratch.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/has_cells.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/classifier_runtime.py",
]
model = dict(backbone=dict(name="resnet10t"))
train_cfg = dict(max_epochs=12, val_interval=3)
