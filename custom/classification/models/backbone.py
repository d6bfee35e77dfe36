"""Backbones of timm: pooled features of an image, or a map of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmdet.registry import MODELS
from mmengine.model import BaseModule, initialize
from torch import Tensor, nn

from custom.classification.timm_import import import_timm
from custom.errors import PodiumError
from custom.training.weights import read_checkpoint

logger = logging.getLogger(__name__)

# What a checkpoint may have besides a backbone: the classifier of what it was trained on.
_CLASSIFIERS = ("head.", "fc.", "classifier.", "head_dist.")


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A model of timm without its classifier.

    Pretrained weights are `init_cfg=dict(type="Pretrained", checkpoint=...)`: `timm://NAME`, where
    NAME has the tag of the weights (`timm://convnext_tiny.fb_in1k`), or a file of timm's own.
    Any other `init_cfg` takes the place of the initialization that timm gives the model.

    Args:
        name: The model's name in timm, without a tag.
        options: Further arguments of `timm.create_model`.
        small_stem: Side of a first convolution for small images, 3 or 4: without stride and
            without the max-pooling behind it. Only for timm's ResNets.
        map_index: Which of timm's intermediate features `feature_map` gives, -1 for the last. What
            is behind it is not built.
        init_cfg: See above.

    Attributes:
        num_features: Channels of `forward`'s features, or of `feature_map`'s with `map_index`.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        small_stem: int | None = None,
        map_index: int | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.body = _create(name, dict(options or {}))
        if small_stem is not None:
            _make_small_stem(self.body, name, small_stem)
        self.map_index = map_index
        if map_index is None:
            self.num_features = int(getattr(self.body, "head_hidden_size", self.body.num_features))
        else:
            self._cut(map_index)
            self.num_features = int(self.body.feature_info[map_index]["num_chs"])

    def _cut(self, map_index: int) -> None:
        """Remove what is behind the feature map, which no loss would reach."""
        self.stride = int(self.body.feature_info[map_index]["reduction"])
        self.body.prune_intermediate_layers([map_index], prune_norm=False, prune_head=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features of whole images, (B, num_features): timm's own pooling."""
        return self.body(inputs)

    def feature_map(self, inputs: Tensor) -> Tensor:
        """Return the map (B, num_features, h, w) of images (B, 3, H, W)."""
        (found,) = self.body.forward_intermediates(
            inputs,
            indices=[self.map_index],
            norm=True,  # a transformer's last layer of normalization
            intermediates_only=True,
            output_fmt="NCHW",
        )
        return found

    def init_weights(self) -> None:
        """Load pretrained weights, or initialize as `init_cfg` says; else timm has done so."""
        configs = self.init_cfg if isinstance(self.init_cfg, list) else [self.init_cfg]
        for config in filter(None, configs):
            if config["type"] == "Pretrained":
                load_backbone(self.body, config["checkpoint"])
            else:
                initialize(self, config)
        self._is_init = True


def load_backbone(body: nn.Module, checkpoint: str) -> None:
    """Load timm's weights into a model without classifier.

    Args:
        body: The model; what it lacks of the checkpoint must be a classifier.
        checkpoint: `timm://NAME` or a file.

    Raises:
        PodiumError: If the checkpoint lacks a parameter, or has one of another shape.
    """
    content = read_checkpoint(checkpoint)
    given = content.get("state_dict", content)
    own = body.state_dict()
    wrong = [n for n, v in own.items() if n not in given or given[n].shape != v.shape]
    if wrong:
        has = tuple(given[wrong[0]].shape) if wrong[0] in given else "none"
        raise PodiumError(
            f"{checkpoint} must have the weights of this backbone, but of its {len(own)} entries "
            f"{len(wrong)} are absent or of another shape, the first is {wrong[0]}: "
            f"{tuple(own[wrong[0]].shape)} here, {has} there; is it of the same timm model?"
        )
    body.load_state_dict({name: given[name] for name in own})
    left = [name for name in given if name not in own and not name.startswith(_CLASSIFIERS)]
    if left:
        logger.warning("%s: %d entries are of no use here: %s", checkpoint, len(left), left[:5])


def _create(name: str, options: dict[str, Any]) -> Any:
    timm = import_timm()
    if not timm.is_model(name.partition(".")[0]):
        near = timm.list_models(f"*{name.split('_')[0]}*")[:3]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise PodiumError(f"model.backbone.name must be a model of timm, but is {name!r}{hint}")
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, **options)
    except TypeError as error:
        raise PodiumError(f"timm's {name} cannot be built with {options}: {error}") from error


def _make_small_stem(body: Any, name: str, side: int) -> None:
    """Let a ResNet's first convolution keep the size of small images, and nothing pool behind."""
    convs = [m for m in getattr(body, "conv1", nn.Identity()).modules() if isinstance(m, nn.Conv2d)]
    if not convs or not hasattr(body, "maxpool") or side not in (3, 4):
        raise PodiumError(
            "model.backbone.small_stem is the side, 3 or 4, of the first convolution of one of "
            f"timm's ResNets, but is {side!r} for {name}"
        )
    width = convs[-1].out_channels
    body.conv1 = nn.Conv2d(3, width, side, padding=(side - 1) // 2, bias=False)
    nn.init.kaiming_normal_(body.conv1.weight, mode="fan_out", nonlinearity="relu")
    body.maxpool = nn.Identity()
