# The published recipe for 64x64 pictures: ResNet-50 with a small first convolution and nothing
# pooled, from a normal initialization, in two stages: 70 epochs with flips, greyscale, blur and
# square erasing; then, optimizer and schedule anew, with flips, erasing and RandAugment.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/tiny.py",
    "../_base_/schedules/sgd_plateau.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(
        name="resnet50",
        small_stem=3,
        init_cfg=dict(type="Kaiming", layer="Conv2d", distribution="normal"),
    ),
    head=dict(dropout=0.8),
)
label_smoothing = 0.1
erasing = dict(
    type="RandomApply",
    prob=0.5,
    transforms=[dict(type="RandomErasing", n_patches=1, ratio=(0.1, 0.3), bbox_erased_thr=1.1)],
)
augmentations = [
    dict(type="RandomGrayscale", prob=0.1, keep_channels=True),
    dict(type="CameraJitter", rotate_prob=0.0, blur_prob=0.2),
    erasing,
]
train_pipeline = _base_.train_pipeline
second = [*train_pipeline[:2], dict(type="RandAugment", aug_num=2), erasing, *train_pipeline[2:]]
stage = dict(epoch=71, pipeline=second, reset_optimizer=True, lr=1.0)
custom_hooks = [
    dict(type="StagesHook", stages=[dict(**stage, param_scheduler=_base_.param_scheduler)])
]
train_dataloader = dict(batch_size=200)
