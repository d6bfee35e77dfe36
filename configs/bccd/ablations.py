# The worked example of docs/gate.md: what three ideas are worth on blood cells.
#   python tools/ablate.py configs/bccd/ablations.py --seeds 42 43 44 -- --data-root DATA
baseline = "universenet_nano_short.py"

variants = dict(
    longer=dict(
        why="six epochs from scratch are few",
        change=dict(train_cfg=dict(max_epochs=12, val_interval=12)),
    ),
    batch_of_8=dict(
        why="steadier gradients, half as many of them",
        change=dict(
            train_dataloader=dict(batch_size=8), optim_wrapper=dict(optimizer=dict(lr=2e-3))
        ),
    ),
    mixup=dict(
        why="a cheap augmentation that other teams report gains from",
        change=dict(augmentations=[dict(type="Mixup", prob=0.5, ratio=0.5)]),
    ),
)
