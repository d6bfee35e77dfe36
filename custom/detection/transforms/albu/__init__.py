"""Albumentations: seeded, with boxes in step, and lists for version 1 taken."""

from custom.detection.transforms.albu.wrapper import Albu

__all__ = ["Albu"]
