# tiny.py in two stages: the last six of as many epochs with RandAugment, optimizer and schedule
# anew.
_base_ = "./tiny.py"
train_pipeline = _base_.train_pipeline
second = [*train_pipeline[:2], dict(type="RandAugment", aug_num=2), *train_pipeline[2:]]
custom_hooks = [
    dict(
        type="StagesHook",
        stages=[
            dict(
                epoch=15,
                pipeline=second,
                reset_optimizer=True,
                lr=0.5,
                param_scheduler=[
                    dict(
                        type="CosineAnnealingLR",
                        by_epoch=True,
                        T_max=6,
                        eta_min_ratio=0.05,
                        convert_to_iter_based=True,
                    )
                ],
            )
        ],
    )
]
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type="CosineAnnealingLR", by_epoch=True, T_max=14, eta_min_ratio=0.05,
         convert_to_iter_based=True),
]  # fmt: skip
