"""Lists of Albumentations transforms as teams write them in MMDetection configs.

Each stands for one kind of list that was found in public repositories; numbers are as written
there. The last column says what is to be reported, or refused.
"""

from __future__ import annotations

from typing import Any

# The arguments of MMDetection's wrapper that stand beside nearly every one of them.
BESIDE: dict[str, Any] = {
    "bbox_params": {
        "type": "BboxParams",
        "format": "pascal_voc",
        "label_fields": ["gt_labels"],
        "min_visibility": 0.0,
        "filter_lost_elements": True,
    },
    "keymap": {"img": "image", "gt_masks": "masks", "gt_bboxes": "bboxes"},
    "update_pad_shape": False,
    "skip_img_without_anno": True,
}


def t(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"type": kind, **arguments}


def one_of(*transforms: dict[str, Any], p: float = 0.5) -> dict[str, Any]:
    return t("OneOf", transforms=list(transforms), p=p)


CONTRAST = t("RandomBrightnessContrast", brightness_limit=[0.1, 0.3], contrast_limit=[0.1, 0.3])
HUE = t("HueSaturationValue", hue_shift_limit=20, sat_shift_limit=30, val_shift_limit=20, p=1.0)
SHIFT = t("RGBShift", r_shift_limit=10, g_shift_limit=10, b_shift_limit=10, p=1.0)
BLURS = one_of(t("Blur", blur_limit=3, p=1.0), t("MedianBlur", blur_limit=3, p=1.0), p=0.1)
MOVE = t("ShiftScaleRotate", shift_limit=0.0625, scale_limit=0.0, rotate_limit=0, interpolation=1)
JPEG = t("JpegCompression", quality_lower=85, quality_upper=95, p=0.2)

# Written in words that version 2 still has.
AS_THEY_ARE: dict[str, list[dict[str, Any]]] = {
    "contrast": [t("RandomBrightnessContrast", p=0.5)],
    "mmdet's example": [MOVE, CONTRAST, one_of(SHIFT, HUE, p=0.1), BLURS],
    "colour": [one_of(HUE, t("RandomBrightnessContrast"), t("ToGray", p=1.0), p=0.4)],
    "turns": [t("RandomRotate90", p=0.5), t("HorizontalFlip", p=0.5), t("VerticalFlip", p=0.5)],
    "blurs": [one_of(t("MotionBlur", p=1.0), t("GaussianBlur", p=1.0), t("Blur", p=1.0))],
    "clahe": [one_of(t("CLAHE", p=1.0), t("RandomGamma", p=1.0), HUE, p=0.5)],
    "noise": [t("GaussNoise", p=0.3), t("ISONoise", p=0.3)],
    "channels": [t("ChannelShuffle", p=0.1), t("ChannelDropout", p=0.1)],
    "resize": [t("Resize", height=512, width=512, p=1.0)],
    "crop": [t("RandomCrop", height=40, width=40, p=1.0)],
    "rotate": [t("Rotate", limit=30, p=0.5), t("RandomScale", scale_limit=0.2, p=0.5)],
    "sharp": [one_of(t("Sharpen", p=1.0), t("Emboss", p=1.0), t("FancyPCA", alpha=0.1, p=1.0))],
    "yolo": [t("Blur", p=0.01), t("MedianBlur", p=0.01), t("ToGray", p=0.01), t("CLAHE", p=0.01)],
    "jitter": [t("ColorJitter", p=0.5), t("Posterize", p=0.1), t("Equalize", p=0.1)],
    "safe crop": [t("RandomSizedBBoxSafeCrop", height=64, width=64, p=0.5)],
    "weather": [one_of(t("RandomFog", p=1.0), t("RandomRain", p=1.0), t("RandomShadow", p=1.0))],
    "dropout": [t("CoarseDropout", p=0.5), t("GridDropout", p=0.1)],
}

# Written in words of version 1: the list, and what is said of it.
TRANSLATED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "flip": ([t("Flip", p=0.5)], "Flip is OneOf"),
    "flip, always": ([t("Flip", always_apply=True)], "Flip is OneOf"),
    "flip and turn": ([t("Flip", p=0.5), t("RandomRotate90", p=0.5)], "Flip is OneOf"),
    "flip in one of": ([one_of(t("Flip", p=1.0), t("RandomRotate90", p=1.0))], "Flip is OneOf"),
    "flip and colour": ([t("Flip"), one_of(HUE, SHIFT)], "Flip is OneOf"),
    "flip and blurs": ([t("Flip", p=0.5), CONTRAST, BLURS], "Flip is OneOf"),
    "flip and noise": (
        [t("Flip", p=0.5), t("GaussNoise", p=0.3)],
        "Flip is OneOf",
    ),
    "flip and move": ([t("Flip", p=0.5), MOVE], "Flip is OneOf"),
    "variance": ([t("GaussNoise", var_limit=(10.0, 50.0), p=0.5)], "std_range=(0.012401, 0.02773)"),
    "one variance": ([t("GaussNoise", var_limit=100, mean=0)], "std_range=(0.0, 0.039216)"),
    "variance in one of": (
        [one_of(t("GaussNoise", var_limit=[20, 100], p=1.0), t("MotionBlur", p=1.0))],
        "std_range=(0.017538, 0.039216)",
    ),
    "always": ([t("CLAHE", clip_limit=4.0, always_apply=True)], "p=1.0 now"),
    "jpeg": ([CONTRAST, JPEG, t("ChannelShuffle", p=0.1)], "quality_range=(85, 95)"),
    "jpeg and blurs": ([JPEG, BLURS], "JpegCompression is ImageCompression now"),
    "resized crop": (
        [t("RandomResizedCrop", height=48, width=64, scale=[0.75, 1], p=1)],
        "size=(48, 64)",
    ),
    "resized crop and flip": (
        [t("RandomResizedCrop", height=64, width=64), t("HorizontalFlip", p=0.5)],
        "size=(64, 64)",
    ),
    "brightness": ([t("RandomBrightness", limit=0.3, p=0.4)], "brightness_limit=0.3"),
    "fog": ([t("RandomFog", fog_coef_upper=0.5, p=0.2)], "fog_coef_range=(0.3, 0.5)"),
    "gaussian noise": ([t("GaussianNoise", p=0.3)], "GaussianNoise is GaussNoise now"),
    "gaussian noise in one of": (
        [one_of(t("GaussianNoise", p=1.0), t("Blur", p=1.0))],
        "GaussianNoise is GaussNoise now",
    ),
}

# Wrong in version 1 as well.
REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no such": ([t("RandAugment", p=0.5)], "no transform 'RandAugment'"),
    "scale of ten": ([t("RandomScale", scale_limit=10, p=0.5)], "must be above 0"),
}

# Not in those repositories, but renamed or dropped as well.
FURTHER: dict[str, tuple[list[dict[str, Any]], str]] = {
    "contrast": ([t("RandomContrast", limit=0.2)], "contrast_limit=0.2"),
    "cutout": (
        [t("Cutout", num_holes=30, max_h_size=30, max_w_size=30, fill_value=[103.5, 116.3, 123.7])],
        "num_holes_range=(30, 30)",
    ),
    "coarse dropout": (
        [t("CoarseDropout", max_holes=8, max_height=16, max_width=16, fill_value=0)],
        "hole_height_range=(16, 16)",
    ),
    "coarse dropout, smallest": (
        [t("CoarseDropout", max_holes=8, min_holes=2, max_height=16, min_height=4)],
        "num_holes_range=(2, 8)",
    ),
    "downscale": (
        [t("Downscale", scale_min=0.5, scale_max=0.9, interpolation=0)],
        "scale_range=(0.5, 0.9)",
    ),
    "elastic": (
        [t("ElasticTransform", alpha=1, sigma=50, alpha_affine=50, value=None)],
        "alpha_affine=50 is left out",
    ),
    "pad": ([t("PadIfNeeded", min_height=90, min_width=90, border_mode=0, value=114)], "fill=114"),
    "rotate": ([t("Rotate", limit=20, value=(0, 0, 0), mask_value=0)], "fill=(0, 0, 0)"),
    "rain": ([t("RandomRain", slant_lower=-5, slant_upper=5)], "slant_range=(-5, 5)"),
    "snow": ([t("RandomSnow", snow_point_lower=0.2)], "snow_point_range=(0.2, 0.3)"),
    "shadow": ([t("RandomShadow", num_shadows_upper=3)], "num_shadows_limit=(1, 3)"),
    "flare": ([t("RandomSunFlare", angle_lower=0.2, angle_upper=0.8)], "angle_range=(0.2, 0.8)"),
    "solarize": ([t("Solarize", threshold=128)], "threshold_range=(0.501961, 0.501961)"),
    "webp": ([t("ImageCompression", quality_lower=50, compression_type=1)], "quality_range=(50, 1"),
    "affine": ([t("Affine", rotate=10, cval=114, mode=0)], "fill=114"),
    "perspective": ([t("Perspective", pad_mode=0, pad_val=0)], "border_mode=0"),
    "crop and pad": ([t("CropAndPad", percent=0.1, pad_cval=3, pad_mode=0)], "fill=3"),
    "piecewise": ([t("PiecewiseAffine", mode="constant", cval=0)], "border_mode=0"),
    "grid dropout": ([t("GridDropout", unit_size_min=8, unit_size_max=16)], "range=(8, 16)"),
    "optical": ([t("OpticalDistortion", shift_limit=0.05)], "shift_limit=0.05 is left out"),
    "advanced blur": ([t("AdvancedBlur", sigmaX_limit=(0.2, 1.0))], "sigma_x_limit=(0.2, 1.0)"),
    "channel dropout": ([t("ChannelDropout", fill_value=10)], "fill=10"),
    "sized crop": (
        [t("RandomSizedCrop", min_max_height=(30, 50), height=40, width=40)],
        "size=(40, 40)",
    ),
    "imgaug noise": ([t("IAAAdditiveGaussianNoise", p=0.3)], "is GaussNoise now"),
    "imgaug noise, scaled": (
        [t("IAAAdditiveGaussianNoise", scale=(2.55, 12.75))],
        "std_range=(0.01, 0.05)",
    ),
    "imgaug mirror": ([t("IAAFliplr", p=0.5), t("IAAFlipud", p=0.5)], "VerticalFlip"),
    "imgaug sharp": ([one_of(t("IAASharpen"), t("IAAEmboss"))], "IAAEmboss is Emboss now"),
    "imgaug perspective": ([t("IAAPerspective", scale=(0.02, 0.05))], "is Perspective now"),
    "imgaug affine": ([t("IAAAffine", rotate=5, order=1, cval=0, mode="reflect")], "is Affine now"),
    "imgaug piecewise": ([t("IAAPiecewiseAffine", mode="constant")], "is PiecewiseAffine now"),
    "imgaug superpixels": ([t("IAASuperpixels", n_segments=50)], "is Superpixels now"),
    "imgaug crop": ([t("IAACropAndPad", px=4)], "is CropAndPad now"),
}
