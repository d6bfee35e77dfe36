"""Leaving out what learns masks, where a competition has boxes."""

from __future__ import annotations

from mmengine.config import Config

from custom.errors import PodiumError
from custom.training.nodes import dicts_below, name_of

# Of these, boxes are found without the mask branch, which is then a plain detector.
_SEPARABLE = ("StandardRoIHead", "CascadeRoIHead")
_MASK_PARTS = ("mask_roi_extractor", "mask_head")


def drop_masks(config: Config) -> list[str]:
    """Take the mask branch out of a detector and masks out of its pipelines; say so.

    Raises:
        PodiumError: If the detector cannot do without masks.
    """
    head = config.model.get("roi_head") or {}
    with_masks = [each for each in dicts_below(config.train_dataloader) if each.get("with_mask")]
    if not with_masks:
        return []
    if name_of(head) not in _SEPARABLE:
        raise PodiumError(
            f"the model {config.model.type} learns masks, which a competition of boxes has none "
            "of; take a config of a box detector"
        )
    for part in _MASK_PARTS:
        head.pop(part, None)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        for each in dicts_below(config.get(loader)):
            if each.get("with_mask"):
                each["with_mask"] = False
                each.pop("poly2mask", None)
    return ["model.roi_head: its mask branch is left out, and masks are not loaded"]
