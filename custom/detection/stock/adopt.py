"""A whole config of MMDetection on a competition's data: what is ours takes the place of COCO's.

The recipe stays: model, pipelines, batch sizes, optimizer, schedule. What any config may have that
cannot be trained with here is replaced by `custom.training.replacements`.
"""

from __future__ import annotations

from mmengine.config import Config
from mmengine.registry import FUNCTIONS

from custom.detection.stock.data import adopt_dataloader, has_foreign_data
from custom.detection.stock.masks import drop_masks
from custom.detection.stock.mmdet2 import move_pretrained, refuse_mmdet2
from custom.training.nodes import dicts_below, name_of

PARTS = ("train", "val", "test")


@FUNCTIONS.register_module()
def adopt_config(config: Config, source: str) -> list[str]:
    """Put a competition's data in the place of COCO's, and what follows the seed beside it.

    Args:
        config: As read, with `competition`; changed in place.
        source: Its file, for messages.

    Returns:
        What was replaced by what, a line each; none for a config of Podium's own.

    Raises:
        PodiumError: If it is of MMDetection 2, or has what cannot be replaced.
    """
    refuse_mmdet2(config, source)
    said = move_pretrained(config.get("model"))
    if has_foreign_data(config):
        said += [line for part in PARTS for line in adopt_dataloader(config, part)]
        said += drop_masks(config)
        said += _hint_at_rate(config)
    return said + _replace_batch_resize(config)


def _replace_batch_resize(config: Config) -> list[str]:
    model = config.get("model") or {}
    found = [
        each
        for each in dicts_below(model.get("data_preprocessor"))
        if name_of(each) == "BatchSyncRandomResize"
    ]
    for each in found:
        each["type"] = "SeededBatchResize"
    said = "BatchSyncRandomResize is SeededBatchResize, whose sizes a restart does not change"
    return [said] if found else []


def _hint_at_rate(config: Config) -> list[str]:
    """Return what is worth knowing where a learning rate is for eight GPUs and is not scaled."""
    scale = config.get("auto_scale_lr") or {}
    base, batch = scale.get("base_batch_size"), config.train_dataloader.get("batch_size")
    if scale.get("enable") or not base or not batch or base <= batch:
        return []
    return [
        f"its learning rate is for batches of {base}, but a batch has {batch} images a GPU; "
        "`auto_scale_lr = dict(enable=True)` scales it"
    ]
