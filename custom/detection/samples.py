"""Looking at a few training samples before a training: do they repeat, and in which values?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.registry import FUNCTIONS, init_default_scope

from custom.training.seeding import SampleKey

NUM_SAMPLES = 6
# A picture whose values span less than this, of 255, was normalized or scaled before.
_PLAIN_RANGE = 20.0


@FUNCTIONS.register_module()
def sample_faults(config: Any) -> list[str]:
    """Return what is wrong with the first samples of a resolved config's training set.

    Each is drawn twice, the second time in another order: a transform that keeps something from
    one sample to the next gives others then, as it would with another number of workers.
    """
    init_default_scope(config.get("default_scope") or "mmdet")
    dataset = DATASETS.build(config.train_dataloader.dataset)
    seed = config.randomness["seed"]
    indices = np.unique(np.linspace(0, len(dataset) - 1, NUM_SAMPLES).astype(int)).tolist()
    keys = [SampleKey(index, seed) for index in indices]
    first = [dataset[key] for key in keys]
    second = [dataset[key] for key in reversed(keys)][::-1]
    faults = []
    if not all(_same(one, two) for one, two in zip(first, second, strict=True)):
        faults.append(
            "the training's samples must follow the seed, but the same one drawn twice is another: "
            "a transform keeps something from sample to sample, or has random numbers of its own; "
            "tools/browse.py --check names the image"
        )
    return [*faults, *value_faults([sample["inputs"] for sample in first], config)]


def value_faults(inputs: Sequence[torch.Tensor], config: Any) -> list[str]:
    """Return what is wrong with values that the model's preprocessor will normalize.

    Args:
        inputs: Images as the pipeline packs them.
        config: Of which the model's `data_preprocessor` is read.
    """
    own = config.model.get("data_preprocessor") or config.get("data_preprocessor") or {}
    normalizes = max(own.get("std") or [0.0]) > 1.0
    span = max((float(image.max() - image.min()) for image in inputs), default=0.0)
    if not normalizes or not 0.0 < span < _PLAIN_RANGE:
        return []
    return [
        "images must reach the model's data_preprocessor with values from 0 to 255, since it "
        f"normalizes them, but span {span:.2f} at most: a transform of the train pipeline has "
        "normalized or scaled them; take it out"
    ]


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Return whether two packed samples have the same image and instances, bit for bit."""
    first, second = (dict(sample["data_samples"].gt_instances.items()) for sample in (one, two))
    return (
        torch.equal(one["inputs"], two["inputs"])
        and first.keys() == second.keys()
        and all(torch.equal(_tensor(first[key]), _tensor(second[key])) for key in first)
    )


def _tensor(value: Any) -> torch.Tensor:
    return torch.as_tensor(getattr(value, "tensor", value))
