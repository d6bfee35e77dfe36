# The published rope classifier: ViT-S/16 (DINOv3) on whole frames, the person's box widened by its
# width to each side, by 0.2 of its height above and 1.5 below, where the rope hangs.
_base_ = [
    "../_base_/models/region_classifier.py",
    "../_base_/datasets/rope.py",
    "../_base_/augmentations/cam.py",
    "../_base_/schedules/finetune_adamw.py",
    "../_base_/classifier_runtime.py",
]
model = dict(
    backbone=dict(
        name="vit_small_patch16_dinov3",
        map_index=-1,
        options=dict(dynamic_img_size=True),
        init_cfg=dict(type="Pretrained", checkpoint="timm://vit_small_patch16_dinov3.lvd1689m"),
    ),
    widen=dict(left=1.0, right=1.0, up=0.2, down=1.5),
)
# The best epoch was the 15th of 23: stopped after eight without a better one.
train_cfg = dict(max_epochs=40)
custom_hooks = [dict(type="PatienceHook", patience=8)]
