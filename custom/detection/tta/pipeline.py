"""The views of test-time augmentation, from a config's own test pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.registry import FUNCTIONS

from custom.errors import PodiumError

META_KEYS = (
    "img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction",
)  # fmt: skip


@FUNCTIONS.register_module()
def tta_pipeline(
    test_pipeline: Sequence[dict[str, Any]], factors: Sequence[float] = (1.0, 1.25)
) -> list[dict[str, Any]]:
    """Return a test pipeline that gives each image in several sizes, each also mirrored.

    Args:
        test_pipeline: Loaders, then one `Resize` with `scale` and what follows it, then
            `PackDetInputs`.
        factors: Factors on the pipeline's own scale; each gives two views.

    Raises:
        PodiumError: If the pipeline has no such `Resize`.
    """
    kinds = [transform["type"] for transform in test_pipeline]
    if kinds.count("Resize") != 1 or "scale" not in test_pipeline[kinds.index("Resize")]:
        raise PodiumError(
            "test-time augmentation needs a test pipeline with one Resize that has a scale, but "
            f"it is {kinds}; set `tta_pipeline` in the config"
        )
    at = kinds.index("Resize")
    resize = dict(test_pipeline[at])
    sizes = [{**resize, "scale": _scaled(resize["scale"], factor)} for factor in factors]
    flips = [{"type": "RandomFlip", "prob": prob} for prob in (0.0, 1.0)]
    rest = [dict(t) for t in test_pipeline[at + 1 :] if t["type"] != "PackDetInputs"]
    views = [
        sizes,
        flips,
        *([t] for t in rest),
        [{"type": "PackDetInputs", "meta_keys": META_KEYS}],
    ]
    return [*map(dict, test_pipeline[:at]), {"type": "TestTimeAug", "transforms": views}]


def _scaled(scale: int | Sequence[int], factor: float) -> tuple[int, int]:
    """Return a scale (w, h) times `factor`, in whole strides of 32 where it is changed."""
    width, height = (scale, scale) if isinstance(scale, int) else scale
    if factor == 1.0:
        return width, height
    return round(width * factor / 32) * 32, round(height * factor / 32) * 32
