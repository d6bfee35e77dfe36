"""Any Albumentations pipeline, with our seed and with boxes, labels and flags in step."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Any

import cv2
import mmdet.datasets.transforms  # noqa: F401
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import (
    Objects,
    get_objects,
    put_image,
    put_objects,
    sample_rng,
)
from custom.errors import PodiumError


# MMDetection's own must be there first, for ours to take its name.
@TRANSFORMS.register_module(force=True)
class Albu(BaseTransform):
    """Apply an Albumentations pipeline.

    Albumentations ignores the seeds of `random`, `numpy` and torch; here each call sets the
    generators of the whole pipeline from the sample's seed. All its transforms share them, so
    that their draws are independent. The image is handed over as RGB, as Albumentations
    expects, and comes back as BGR.

    A box is limited to the image before and after. It goes where nothing of it remains, or less
    than `min_visible` of its area. Boxes thinner than a pixel stay, unless `min_side` says
    otherwise. An image without boxes stays.

    Required Keys:

    - img (np.uint8)
    - gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)

    Modified Keys:

    - img, img_shape, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Args:
        transforms: Configs of Albumentations' transforms, by `type` and arguments; one with
            `transforms` of its own, as `OneOf`, may be nested.
        min_visible: Smallest share of a box's area that keeps it, in [0, 1].
        min_side: Smallest side in pixels that keeps it.
    """

    def __init__(
        self,
        transforms: Sequence[dict[str, Any]],
        min_visible: float = 0.0,
        min_side: float = 0.0,
    ) -> None:
        # Without it, importing Albumentations asks the network for newer versions.
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
        import albumentations

        self.pipeline = albumentations.Compose(
            [built(transform) for transform in transforms],
            bbox_params=albumentations.BboxParams(
                format="pascal_voc",
                label_fields=["rows"],
                min_visibility=min_visible,
                min_width=min_side,
                min_height=min_side,
                clip=True,
            ),
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Apply the pipeline to `results`."""
        if results["img"].dtype != np.uint8:
            raise PodiumError(
                f"Albu needs an image of uint8, but got {results['img'].dtype}; put it before "
                "transforms that make floats (as PhotoMetricDistortion)"
            )
        seed = int(sample_rng().integers(2**32))
        self.pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))
        image = cv2.cvtColor(results["img"], cv2.COLOR_BGR2RGB)
        objects = get_objects(results).clipped(image.shape[:2])
        after = self.pipeline(
            image=image, bboxes=objects.bboxes, rows=np.arange(len(objects.labels))
        )
        put_image(results, cv2.cvtColor(after["image"], cv2.COLOR_RGB2BGR))
        put_objects(results, _moved(objects, after["bboxes"], after["rows"]))
        return results


def _moved(objects: Objects, bboxes: Any, rows: Any) -> Objects:
    """Return the objects of these rows at these places."""
    kept = objects.take(np.asarray(rows, np.int64))
    return kept.with_bboxes(np.asarray(bboxes, np.float32).reshape(-1, 4))


def built(config: dict[str, Any]) -> Any:
    """Return an Albumentations transform from its config.

    Raises:
        PodiumError: If there is no such transform, or it does not take these arguments.
    """
    import albumentations

    arguments = dict(config)
    kind = arguments.pop("type", None)
    maker = getattr(albumentations, kind, None) if isinstance(kind, str) else None
    if maker is None:
        raise PodiumError(
            f"Albumentations {albumentations.__version__} has no transform {kind!r}; see its "
            "documentation for the name"
        )
    if "transforms" in arguments:
        arguments["transforms"] = [built(inner) for inner in arguments["transforms"]]
    signature = getattr(maker, "InitSchema", None)
    known = getattr(signature, "model_fields", None)
    if unknown := sorted(set(arguments) - set(known or arguments)):
        raise PodiumError(
            f"Albumentations {albumentations.__version__}: {kind} has no argument "
            f"{unknown[0]!r}; it has {', '.join(known or ())}"
        )
    try:
        return maker(**arguments)
    except (TypeError, ValueError) as error:
        raise PodiumError(f"Albumentations refuses {config}: {error}") from error
