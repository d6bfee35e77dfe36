# What single ideas are worth on the competition's images. Train, gate and table them with
#   python tools/ablate.py configs/trash/ablations.py --seeds 42 43
# `baseline` is a config's path, relative to this file. A variant merges its `change` onto it, as a
# config would (`_delete_` works), or names another one with `config`.
baseline = "universenet50.py"

variants = dict(
    fog=dict(
        why="weather that the training photographs lack",
        change=dict(augmentations=[dict(type="RandomFog", prob=0.25, intensity=(0.2, 0.6))]),
    ),
    mixup=dict(
        why="teams report losses as well as gains",
        change=dict(augmentations=[dict(type="Mixup", prob=0.5, ratio=0.5)]),
    ),
    mosaic=dict(
        why="crowded scenes from sparse ones",
        change=dict(augmentations=[dict(type="SeededMosaic", prob=0.5, img_scale=(640, 640))]),
    ),
    rare_paste=dict(
        why="more batteries: the rarest class has 159 boxes",
        change=dict(
            augmentations=[dict(type="RareClassPaste", prob=0.4, max_pastes=2, rare_share=0.05)]
        ),
    ),
    half_rate=dict(
        why="the rate is scaled by hand for batch 4",
        change=dict(optim_wrapper=dict(optimizer=dict(lr=0.000625))),
    ),
    gfl_head=dict(
        why="a quality-aware score instead of centerness", config="universenet50_2008.py"
    ),
)
