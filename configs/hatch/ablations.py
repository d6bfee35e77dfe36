# Which of the published variants help here? Backbone, augmentation, sampling, averaging: one change
# a variant. On the drawn hatches, two cores:
#   podium ablate configs/hatch/ablations.py --seeds 42 --only colour cam strong ...
# The published comparison, with pretrained weights at 384x384, is `baseline = "mobilenetv3.py"`.
baseline = "../sample/hatch_plain.py"

CAM = dict(type="CameraJitter", max_degrees=5.0, sigma=(0.5, 1.5))
COLOUR = dict(type="PhotoMetricDistortion", brightness_delta=24, hue_delta=12)
PATCH = dict(type="RandomErasing", n_patches=1, ratio=(0.1, 0.3), bbox_erased_thr=1.1)
ERASING = dict(type="RandomApply", prob=0.5, transforms=[PATCH])
STRONG = [
    dict(type="CameraJitter", max_degrees=8.0, sigma=(0.5, 1.5)),
    dict(type="RandomPerspective", prob=0.5, scale=0.08),
    dict(type="RandomApply", prob=0.3, transforms=[PATCH]),
]
WEIGHTED = dict(sampler=dict(_delete_=True, type="LabelWeightedSampler", absent=dict(close=3.0)))
EMA = dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.002, update_buffers=True)
SWA = dict(type="EMAHook", ema_type="StochasticWeightAverage", begin_epoch=8, update_buffers=True)


def augmented(why, *transforms, **more):
    """Return a variant with other augmentations."""
    return dict(why=why, change=dict(augmentations=list(transforms), **more))


def backbone(name, why, *transforms, **more):
    """Return a variant with another backbone of timm's, and other augmentations."""
    change = dict(model=dict(backbone=dict(name=name)), augmentations=list(transforms), **more)
    return dict(why=why, change=change)


variants = dict(
    colour=augmented("other light than on the days of the recordings", COLOUR),
    cam=augmented("the camera shakes and loses its focus", CAM),
    cam_colour=augmented("both", CAM, COLOUR),
    strong=augmented("all that a camera may do, and something in the way", *STRONG),
    erasing=augmented("handles and gaps are the evidence: this should hurt", ERASING),
    randaugment=augmented("two of fifteen changes", dict(type="RandAugment", aug_num=2)),
    mixup=augmented("blended images, blended labels", dict(type="LabelMixup", alpha=0.2)),
    cutmix=augmented("pasted images, mixed labels", dict(type="LabelCutMix", alpha=1.0)),
    weighted=augmented("open hatches are rare", train_dataloader=WEIGHTED),
    cam_weighted=augmented("both", CAM, train_dataloader=WEIGHTED),
    strong_weighted=augmented("the published best", *STRONG, train_dataloader=WEIGHTED),
    ema=augmented("averaged weights are steadier", custom_hooks=[EMA]),
    swa=augmented("the mean of the last epochs' weights", custom_hooks=[SWA]),
    cam_ema=augmented("both", CAM, custom_hooks=[EMA]),
    cam_swa=augmented("both", CAM, custom_hooks=[SWA]),
    strong_weighted_swa=augmented(
        "all of it", *STRONG, train_dataloader=WEIGHTED, custom_hooks=[SWA]
    ),
    smoothing=augmented("less certain of labels that may be wrong", label_smoothing=0.1),
    mobilenet=backbone("mobilenetv3_small_100", "what runs on a small device"),
    mobilenet_cam=backbone("mobilenetv3_small_100", "the same, with cam", CAM),
    mobilenet_strong=backbone("mobilenetv3_small_100", "where strong collapsed", *STRONG),
    convnext=backbone("convnext_atto", "the published best family, its smallest"),
    convnext_strong_weighted=backbone(
        "convnext_atto", "the published best", *STRONG, train_dataloader=WEIGHTED
    ),
)
