"""Fog: smooth in space, thicker with distance or in patches, and fast."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import Image, sample_rng
from custom.errors import PodiumError

KINDS = ("distance", "patchy")

# Fog has no detail finer than this share of the picture, so that it is drawn small.
_GRID = 96


@TRANSFORMS.register_module()
class RandomFog(BaseTransform):
    """Lay fog over the image; boxes stay as they are.

    Light from an object fades with the depth of fog before it, by `exp(-depth)`, and the fog's
    own grey takes its place. The depth is clouds of several sizes, times a ramp that rises
    towards the top of the picture ("distance"), or alone ("patchy").

    Required Keys:

    - img (np.uint8 or np.float32, 0 to 255)

    Modified Keys:

    - img

    Args:
        intensity: Range of the share of light lost where the fog is thick, within [0, 1].
        kind: "distance", "patchy", or "any", which draws one of them for each image.
        prob: Probability of fog.
    """

    def __init__(
        self,
        intensity: tuple[float, float] = (0.3, 0.7),
        kind: str = "any",
        prob: float = 0.5,
    ) -> None:
        if not 0 <= intensity[0] <= intensity[1] <= 1:
            raise PodiumError(f"intensity must be a range within [0, 1], but is {intensity}")
        if kind not in (*KINDS, "any"):
            raise PodiumError(f"kind must be one of {', '.join(KINDS)}, any, but is {kind!r}")
        self.intensity, self.prob = intensity, prob
        self.kinds = KINDS if kind == "any" else (kind,)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Lay fog over `results["img"]`."""
        rng = sample_rng()
        if rng.random() < self.prob:
            kind = self.kinds[int(rng.integers(len(self.kinds)))]
            depth = fog_depth(results["img"].shape[:2], rng.uniform(*self.intensity), kind, rng)
            results["img"] = add_fog(results["img"], depth, fog_colour(rng))
        return results


def fog_depth(
    shape_hw: tuple[int, int], intensity: float, kind: str, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return the share of light lost, on a small grid that covers the whole image.

    Args:
        shape_hw: Height and width of the image; the grid has its proportions.
        intensity: Share of light lost where the fog is thick, in [0, 1].
        kind: "distance" or "patchy".
        rng: Of everything random.

    Returns:
        Values in [0, 1], the longer side of the grid 96 long.
    """
    longer = max(shape_hw)
    height, width = (max(2, round(_GRID * side / longer)) for side in shape_hw)
    noise = clouds((height, width), rng)
    if kind == "patchy":
        # Thick and thin places, without an edge anywhere: cut off, the clear ones look like stains.
        shape = 0.1 + 0.9 * noise
    else:
        near, bend = rng.uniform(0.1, 0.45), rng.uniform(0.8, 1.8)
        ramp = near + (1 - near) * np.linspace(1, 0, height, dtype=np.float32)[:, None] ** bend
        shape = ramp * (0.6 + 0.6 * noise)
    thickest = -np.log1p(-min(intensity, 0.999))
    return (1 - np.exp(-thickest * shape)).astype(np.float32)


def clouds(shape_hw: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return smooth noise in [0, 1]: clouds of four sizes, the smaller the fainter."""
    height, width = shape_hw
    total = np.zeros(shape_hw, np.float32)
    for octave in range(4):
        cells = 3 * 2**octave
        rows = max(2, round(cells * height / max(shape_hw)) + 1)
        columns = max(2, round(cells * width / max(shape_hw)) + 1)
        coarse = rng.random((rows, columns), dtype=np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * 0.42**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def fog_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the fog's own light, grey with a breath of blue or yellow but never pink or green.

    The order of the channels does not matter.
    """
    grey, warmth = rng.uniform(195, 235), rng.uniform(-6, 6)
    return grey - warmth, grey, grey + warmth


def add_fog(
    image: Image, depth: npt.NDArray[np.float32], colour: tuple[float, float, float]
) -> Image:
    """Return `image * (1 - depth) + colour * depth`, rounded to within one grey level.

    Args:
        image: Shape (H, W, 3), uint8 or float32 of 0 to 255. Not modified.
        depth: Share of light lost on a grid of any size, spread smoothly over the image.
        colour: The fog's own light, by channel.
    """
    if image.dtype not in (np.uint8, np.float32) or image.ndim != 3 or image.shape[2] != 3:
        raise PodiumError(
            f"fog needs an image (H, W, 3) of uint8 or float32, but got {image.shape} of "
            f"{image.dtype}; put RandomFog before normalisation"
        )
    veil = depth[..., None] * np.array(colour, np.float32)
    kept = np.repeat(1 - depth[..., None], 3, axis=2)
    size_wh = image.shape[1], image.shape[0]
    if image.dtype == np.float32:
        return image * cv2.resize(kept, size_wh) + cv2.resize(veil, size_wh)
    kept_255 = cv2.resize(cv2.convertScaleAbs(kept, alpha=255), size_wh)
    veil_255 = cv2.resize(cv2.convertScaleAbs(veil), size_wh)
    fogged = cv2.multiply(image, kept_255, dst=kept_255, scale=1 / 255)
    return cv2.add(fogged, veil_255, dst=fogged)
