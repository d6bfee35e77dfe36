# From public weights to the competition's data: AdamW at 1e-4, 12 epochs, a short warm-up, then a
# cosine to a twentieth of the rate. The rate is for batch 8; scale it with the batch.
_base_ = "./adamw_cosine.py"
train_cfg = dict(max_epochs=12, val_interval=1)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(
        type="CosineAnnealingLR",
        by_epoch=True,
        eta_min_ratio=0.05,
        convert_to_iter_based=True,
    ),
]
