# AdamW from scratch on a CPU: a short warm-up, then a cosine to a twentieth of the rate. The
# cosine's length is the loop's: a config that trains longer sets `max_epochs` alone.
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30, val_interval=5)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")

optim_wrapper = dict(
    type="OptimWrapper",
    # One kernel for all parameters: on small detectors the step is a tenth of an iteration else.
    optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.05, fused=True),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type="CosineAnnealingLR",
        by_epoch=True,
        eta_min_ratio=0.05,
        convert_to_iter_based=True,
    ),
]
