"""Loading images: as MMCV does, and deeper ones by the competition's rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile as StockLoader
from mmdet.registry import TRANSFORMS

from custom.depth import Depth, deep_pixels
from custom.errors import PodiumError
from custom.image_files import read_image_bytes


@TRANSFORMS.register_module(force=True)
class LoadImageFromFile(StockLoader):
    """MMCV's loader, which scales pixels of more than 8 bits by `competition.depth`.

    OpenCV would keep the upper 8 bits, 15 grey levels of a 12-bit picture, and cut floats off at 0
    and 1. What has 8 bits is loaded by MMCV, bit for bit. `color_type="unchanged"` leaves all as it
    is.

    Required Keys:
        - img_path
        - depth (optional): the rule; without one integers are scaled image by image.

    Added Keys:
        - img (np.uint8, or np.float32), img_shape, ori_shape
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Load an image."""
        if self.color_type == "unchanged" or self.imdecode_backend == "tifffile":
            return super().transform(results)
        path = str(results["img_path"])
        pixels = None
        if Path(path).suffix.casefold() not in (".jpg", ".jpeg") and Path(path).is_file():
            upright = "ignore_orientation" not in self.color_type
            pixels = load_deep(path, results.get("depth"), upright)
        if pixels is None:
            return super().transform(results)
        if not self.color_type.startswith("grayscale"):
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        results["img"] = pixels.astype(np.float32) if self.to_float32 else pixels
        results["img_shape"] = results["ori_shape"] = pixels.shape[:2]
        return results


def load_deep(path: str, depth: Depth | None, upright: bool = True) -> Any:
    """Return the pixels of a deep image file, shape (H, W), or None where it is not deep.

    Raises:
        PodiumError: If floats come without a rule.
    """
    try:
        return deep_pixels(read_image_bytes(Path(path)), depth, upright)
    except PodiumError as error:
        raise PodiumError(f"{path}: {error}") from None
    except (OSError, SyntaxError, ValueError):
        return None  # what Pillow cannot open, OpenCV may
