"""Names of the official YOLOv5 state dict (release 6 and later) in our modules' terms."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from custom.errors import PodiumError

# The official model is one numbered list of layers; 11, 12, 15, 16, 19 and 22 have no parameters.
LAYERS = {
    0: "backbone.stem",
    1: "backbone.stage1.0",
    2: "backbone.stage1.1",
    3: "backbone.stage2.0",
    4: "backbone.stage2.1",
    5: "backbone.stage3.0",
    6: "backbone.stage3.1",
    7: "backbone.stage4.0",
    8: "backbone.stage4.1",
    9: "backbone.stage4.2",
    10: "neck.reduce_layers.0",
    13: "neck.top_down_blocks.0",
    14: "neck.reduce_layers.1",
    17: "neck.top_down_blocks.1",
    18: "neck.downsamples.0",
    20: "neck.bottom_up_blocks.0",
    21: "neck.downsamples.1",
    23: "neck.bottom_up_blocks.1",
    24: "bbox_head",
}
SPPF_LAYER = 9
HEAD_LAYER = 24
C3_PARTS = {"cv1": "main_conv", "cv2": "short_conv", "cv3": "final_conv"}
OFFICIAL = re.compile(r"(?:module\.)?model\.(\d+)\.(.+)")


def is_official(names: Mapping[str, object]) -> bool:
    """Tell whether a state dict has the official names: `model.0.conv.weight` and so on."""
    return any(OFFICIAL.fullmatch(name) for name in names)


def convert_name(name: str) -> str:
    """Translate one name, such as `model.2.m.0.cv1.conv.weight`.

    Raises:
        PodiumError: If the official YOLOv5 has no such layer.
    """
    found = OFFICIAL.fullmatch(name)
    if found is None or int(found[1]) not in LAYERS:
        raise PodiumError(
            f"state dict entry must be of an official YOLOv5 (release 6 or later, P5 model), "
            f"such as model.0.conv.weight, but is {name}"
        )
    layer, rest = int(found[1]), found[2]
    if layer == HEAD_LAYER:
        rest = re.sub(r"^m\.", "convs.", rest)
    elif layer == SPPF_LAYER:
        rest = re.sub(r"^cv(\d)", r"conv\1", rest)
    else:
        rest = re.sub(r"^m\.(\d+)\.cv(\d)", r"blocks.\1.conv\2", rest)
        rest = re.sub(r"^cv\d", lambda part: C3_PARTS[part[0]], rest)
    return f"{LAYERS[layer]}.{rest}"


def convert_state_dict(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate a whole official state dict.

    The `.pt` files hold pickled modules of the official code; there, with that code installed,
    `torch.save(checkpoint["model"].float().state_dict(), "yolov5s-state.pth")` frees the tensors.

    Args:
        official: From release 6 or later; older ones also have `anchor_grid`, which is derived.

    Returns:
        The same tensors under our names, in the order given.
    """
    return {
        convert_name(name): tensor
        for name, tensor in official.items()
        if not name.endswith(".anchor_grid")
    }
