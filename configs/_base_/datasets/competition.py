# What the data of every competition has in common. A competition's own file adds the pipelines, and
# its facts from ../competitions: where the data lies, its classes, its sealed split. tools/train.py
# hands these to the three data sets below.
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(type="CompetitionDataset", part="train"),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="CompetitionDataset", part="val", test_mode=True),
)
test_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="CompetitionDataset", part="test", test_mode=True),
)

# What a change must gain significantly, and may cost no class significantly (docs/gate.md).
gate = dict(smallest_gain=0.0, largest_class_loss=0.05)

val_evaluator = dict(type="CompetitionMetric")
test_evaluator = dict(type="CompetitionMetric")
