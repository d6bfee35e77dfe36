"""Any Albumentations pipeline, with our seed and with boxes, labels and flags in step."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import cv2
import mmdet.datasets.transforms  # noqa: F401
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.albu.version1 import RENAMED, in_version2
from custom.detection.transforms.boxes import (
    Objects,
    get_objects,
    put_image,
    put_objects,
    sample_rng,
)
from custom.errors import PodiumError

logger = logging.getLogger(__name__)

# What MMDetection's `keymap` may say: which of a sample's keys Albumentations is handed as what.
_KEYMAP = {"img": "image", "gt_bboxes": "bboxes", "gt_masks": "masks"}
# The fields that follow the boxes, under their names in MMDetection 2 and 3.
_LABEL_FIELDS = {"gt_labels", "gt_bboxes_labels", "gt_ignore_flags"}
_LIMITS = ("min_area", "min_visibility", "min_width", "min_height")
_OTHERS = ("check_each_transform", "max_accept_ratio")
# Arguments of `BboxParams` that change nothing here: boxes are always limited to the image, and
# those without anything left always go, with their labels.
_WITHOUT_EFFECT = {"type", "filter_lost_elements", "clip", "filter_invalid_bboxes"}


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

    Names and arguments of Albumentations 1 are put into those of version 2, each with a line in
    the log. The arguments of MMDetection's wrapper are taken in its sense.

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
        bbox_params: Config of Albumentations' `BboxParams`: its limits hold where they are
            stricter. Boxes are handed over as `format="pascal_voc"`.
        keymap: Names of the sample's parts; only MMDetection's usual ones.
        update_pad_shape: Whether `pad_shape`, too, becomes that of the new image.
        skip_img_without_anno: Draw again where an image that had boxes has lost them all; one
            that had none stays, unless the data set's `filter_cfg` leaves it out.
    """

    def __init__(
        self,
        transforms: Sequence[dict[str, Any]],
        min_visible: float = 0.0,
        min_side: float = 0.0,
        bbox_params: dict[str, Any] | None = None,
        keymap: dict[str, str] | None = None,
        update_pad_shape: bool = False,
        skip_img_without_anno: bool = False,
    ) -> None:
        # Without it, importing Albumentations asks the network for newer versions.
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
        import albumentations

        _check_keymap(keymap or {})
        limits, self.notes = _limits(bbox_params or {}, min_visible, min_side)
        self.update_pad_shape, self.skips = update_pad_shape, skip_img_without_anno
        self.pipeline = albumentations.Compose(
            [built(transform, self.notes) for transform in transforms],
            bbox_params=albumentations.BboxParams(
                format="pascal_voc", label_fields=["rows"], clip=True, **limits
            ),
        )
        for note in dict.fromkeys(self.notes):
            logger.warning("Albu: %s", note)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Apply the pipeline to `results`; None where all boxes are lost and that is skipped."""
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
        if self.skips and len(objects.labels) and not len(after["rows"]):
            return None
        put_image(results, cv2.cvtColor(after["image"], cv2.COLOR_RGB2BGR))
        if self.update_pad_shape:
            results["pad_shape"] = results["img_shape"]
        put_objects(results, _moved(objects, after["bboxes"], after["rows"]))
        return results


def _moved(objects: Objects, bboxes: Any, rows: Any) -> Objects:
    """Return the objects of these rows at these places."""
    kept = objects.take(np.asarray(rows, np.int64))
    return kept.with_bboxes(np.asarray(bboxes, np.float32).reshape(-1, 4))


def _check_keymap(keymap: dict[str, str]) -> None:
    for key, name in keymap.items():
        if _KEYMAP.get(key) != name:
            raise PodiumError(
                f"Albu's keymap must say what MMDetection's does, {_KEYMAP}, but has "
                f"{key!r}: {name!r}; leave it out"
            )


def _limits(
    params: dict[str, Any], min_visible: float, min_side: float
) -> tuple[dict[str, Any], list[str]]:
    """Return the limits that drop boxes, and what is to be said about `bbox_params`."""
    given = {name: params[name] for name in _LIMITS if name in params}
    own = {"min_visibility": min_visible, "min_width": min_side, "min_height": min_side}
    limits = {name: max(own.get(name, 0.0), given.get(name, 0.0)) for name in _LIMITS}
    others = {name: params[name] for name in _OTHERS if name in params}
    known = {*_LIMITS, *_OTHERS, *_WITHOUT_EFFECT, "format", "label_fields"}
    if unknown := sorted(set(params) - known):
        raise PodiumError(f"Albu's bbox_params has no {unknown[0]!r}; it has {', '.join(known)}")
    if other := sorted(set(params.get("label_fields") or ()) - _LABEL_FIELDS):
        raise PodiumError(
            f"Albu's label_fields must be among {', '.join(sorted(_LABEL_FIELDS))}, which follow "
            f"their boxes, but one is {other[0]!r}; leave it out"
        )
    notes = []
    if params.get("format", "pascal_voc") != "pascal_voc":
        notes.append(
            f"format={params['format']!r} is not used: MMDetection's boxes are x1, y1, x2, y2, "
            "which is 'pascal_voc'"
        )
    return {**limits, **others}, notes


def fields_of(kind: str) -> tuple[str, ...]:
    """Return the arguments of one of Albumentations' transforms; none if it has no such."""
    import albumentations

    schema = getattr(getattr(albumentations, kind, None), "InitSchema", None)
    return tuple(schema.model_fields) if schema else ()


def built(config: dict[str, Any], notes: list[str]) -> Any:
    """Return an Albumentations transform from its config.

    Args:
        config: Its `type` and arguments, as version 1 or 2 has them.
        notes: What is changed for version 2 is appended.

    Raises:
        PodiumError: If there is no such transform, or it does not take these arguments.
    """
    import albumentations

    kind = config.get("type") if isinstance(config, dict) else None
    if not isinstance(kind, str):
        raise PodiumError(f"Albu's transforms must be dicts with a type, but one is {config!r}")
    given = {name: value for name, value in config.items() if name != "type"}
    kind, arguments, changes = in_version2(kind, given, fields_of)
    notes += changes
    maker = getattr(albumentations, kind, None)
    if not isinstance(maker, type):
        raise PodiumError(_no_such(kind))
    if "transforms" in arguments:
        arguments["transforms"] = [built(inner, notes) for inner in arguments["transforms"]]
    known = fields_of(kind)
    if known and (unknown := sorted(set(arguments) - set(known))):
        raise PodiumError(
            f"Albumentations {albumentations.__version__}: {kind} has no argument "
            f"{unknown[0]!r}; it has {', '.join(known)}"
        )
    _check_scale(arguments.get("scale_limit", 0), config)
    try:
        return maker(**arguments)
    except (TypeError, ValueError) as error:
        raise PodiumError(f"Albumentations refuses {config}: {error}") from error


def _check_scale(limit: Any, config: dict[str, Any]) -> None:
    """Refuse scales of zero or less, which Albumentations draws without a word."""
    smallest = -abs(limit) if isinstance(limit, int | float) else min(limit)
    if smallest <= -1:
        raise PodiumError(
            f"Albumentations refuses no scale_limit, but scales are drawn from 1 + {smallest} on, "
            f"which must be above 0: {config}"
        )


def _no_such(kind: str) -> str:
    """Return the message for a transform that Albumentations does not have."""
    import albumentations

    names = [name for name in dir(albumentations) if fields_of(name)] + list(RENAMED)
    near = get_close_matches(kind, names, n=1)
    remedy = f"did you mean {near[0]}?" if near else "see its documentation for the name"
    return f"Albumentations {albumentations.__version__} has no transform {kind!r}; {remedy}"
