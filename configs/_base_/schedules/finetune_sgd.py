# As finetune_adamw.py, with the SGD that convolutional detectors were published with. The rate is
# for batch 8 (0.01 for 16 there, halved once more because the weights come from COCO); scale it
# with the batch.
_base_ = "./finetune_adamw.py"
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="SGD", lr=0.0025, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=35.0),
)
