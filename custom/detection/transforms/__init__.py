"""Transforms, registered in MMDetection's registry."""

from custom.detection.transforms.albu import Albu
from custom.detection.transforms.fog import RandomFog
from custom.detection.transforms.jitter import CameraJitter
from custom.detection.transforms.load import LoadImageFromFile
from custom.detection.transforms.mixup import Mixup
from custom.detection.transforms.partners import SeededMosaic, WithPartners
from custom.detection.transforms.paste import RareClassPaste

__all__ = [
    "Albu",
    "CameraJitter",
    "LoadImageFromFile",
    "Mixup",
    "RandomFog",
    "RareClassPaste",
    "SeededMosaic",
    "WithPartners",
]
