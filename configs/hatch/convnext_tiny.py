# The best of the published recipes: ConvNeXt-T, strong augmentation, images without "close" drawn
# more often; then the weights of four seeds averaged (tools/soup.py --method uniform) and flips
# (tools/test.py --tta). A strong augmentation collapsed on MobileNetV3: compare it per backbone.
_base_ = [
    "../_base_/models/image_classifier.py",
    "../_base_/datasets/hatch.py",
    "../_base_/augmentations/strong.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(
        name="convnext_tiny",
        init_cfg=dict(type="Pretrained", checkpoint="timm://convnext_tiny.fb_in1k"),
    )
)
train_dataloader = dict(
    batch_size=16,
    sampler=dict(_delete_=True, type="LabelWeightedSampler", absent=dict(close=3.0)),
)
