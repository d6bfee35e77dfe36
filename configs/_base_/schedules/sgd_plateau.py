# SGD from scratch on small images: the rate drops to a tenth where the metric has not risen for
# seven epochs. Each drop brought a jump; another epoch after it brought nothing.
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=100, val_interval=1)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = [
    dict(type="ReduceOnPlateauLR", factor=0.1, patience=7, cooldown=1, by_epoch=True)
]
