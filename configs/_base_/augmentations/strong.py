# All that a camera may do, and something in the way: turned by up to 8 degrees, seen from another
# place, a patch erased. On MobileNetV3 it collapsed: compare it on your backbone.
augmentations = [
    dict(type="CameraJitter", max_degrees=8.0, sigma=(0.5, 1.5)),
    dict(type="RandomPerspective", prob=0.5, scale=0.08),
    dict(
        type="RandomApply",
        prob=0.3,
        transforms=[dict(type="RandomErasing", n_patches=1, ratio=(0.1, 0.3), bbox_erased_thr=1.1)],
    ),
]
