"""Recipes that a config names in one line, though they change a config in several places."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config, ConfigDict

from custom.errors import PodiumError
from custom.training.nodes import dicts_below


def apply_recipes(config: Config) -> None:
    """Put `multi_scale` and `label_smoothing` of a config, where it has them, into effect.

    `multi_scale = [(w, h), ...]`: each training image is resized to one of these instead of to
    the pipeline's own scale. `label_smoothing = 0.1`: classifiers learn smoothed targets,
    which are softmax losses of MMDetection's and whatever has a `label_smoothing` of its own.

    Raises:
        PodiumError: If the config has nothing that the recipe changes.
    """
    if scales := config.pop("multi_scale", None):
        resize = _only_resize(config.train_dataloader.dataset)
        resize.pop("scale")
        resize.update(type="RandomChoiceResize", scales=list(scales))
        resize.setdefault("keep_ratio", True)
    if smoothing := config.pop("label_smoothing", 0):
        own = [each for each in dicts_below(config.model) if "label_smoothing" in each]
        losses = [each for each in dicts_below(config.model) if _is_softmax(each)]
        if not own and not losses:
            raise PodiumError(
                "label_smoothing is for heads that classify by softmax (Cascade R-CNN) or have a "
                "label_smoothing of their own, but this model has none; take it out of the config"
            )
        for loss in losses:
            loss["type"] = "SmoothedCrossEntropyLoss"
        for each in [*own, *losses]:
            each["label_smoothing"] = smoothing


def _only_resize(dataset: ConfigDict) -> ConfigDict:
    """Return the one `Resize` of a training pipeline."""
    pipelines = [each["pipeline"] for each in dicts_below(dataset) if "pipeline" in each]
    found = [t for pipeline in pipelines for t in pipeline if t["type"] == "Resize"]
    if len(found) != 1 or "scale" not in found[0]:
        raise PodiumError(
            f"multi_scale takes the place of the training pipeline's one Resize with a scale, but "
            f"there are {len(found)}; put RandomChoiceResize into the pipeline yourself"
        )
    return found[0]


def _is_softmax(node: dict[str, Any]) -> bool:
    return node.get("type") == "CrossEntropyLoss" and not (
        node.get("use_sigmoid") or node.get("use_mask")
    )
