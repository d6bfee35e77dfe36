# A third of the schedule, for comparing changes. What helps for longer is tried in full after.
_base_ = "./universenet_nano.py"

train_cfg = dict(max_epochs=6, val_interval=6)
