# A patch erased on half of the images. It hurt where small parts are the evidence (0.992 to 0.988).
augmentations = [
    dict(
        type="RandomApply",
        prob=0.5,
        transforms=[dict(type="RandomErasing", n_patches=1, ratio=(0.1, 0.3), bbox_erased_thr=1.1)],
    )
]
