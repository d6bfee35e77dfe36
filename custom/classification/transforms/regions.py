"""What is classified on an image: loaded from its boxes, and packed for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from custom.boxes import FloatArray
from custom.classification.models.losses import UNKNOWN
from custom.errors import PodiumError
from custom.files import read_json

META_KEYS = (
    "img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction",
)  # fmt: skip
# Directions of a flip that exchange left and right.
_MIRRORING = ("horizontal", "diagonal")


@TRANSFORMS.register_module()
class LoadRegions(BaseTransform):
    """Load what is classified on an image, the whole of it or given boxes, with its labels.

    Boxes of equal place are one region. Its target is 1 for the classes of its boxes, -1 for those
    of crowd boxes, which nobody knows, and 0 for all others. Until they are packed, regions are
    `gt_bboxes` whose labels are their indices, so that every transform of boxes keeps them in step.

    Required Keys:

    - instances, height, width, sample_source (of CompetitionDataset)

    Added Keys:

    - gt_bboxes (HorizontalBoxes), gt_bboxes_labels (np.int64), gt_ignore_flags (bool)
    - region_targets (np.float64), shape (N, C); given_bboxes (np.float64), shape (N, 4)
    - whole_image (bool)

    Args:
        whole_image: Classify the image itself, whose labels are boxes that cover it.
        exclusive: A region whose labels are known has exactly one.
        boxes: A file of COCO results whose boxes are classified in place of the annotated ones.
    """

    def __init__(
        self, whole_image: bool = False, exclusive: bool = False, boxes: str | None = None
    ) -> None:
        self.whole_image, self.exclusive = whole_image, exclusive
        self.boxes = None if boxes is None else boxes_of(boxes)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the regions to `results`."""
        num_classes = len(results["sample_source"].classes)
        whole = [0.0, 0.0, float(results["width"]), float(results["height"])]
        regions, targets = regions_of(
            results["instances"], num_classes, whole if self.whole_image else None
        )
        if self.boxes is not None:
            regions = self.boxes.get(int(results["img_id"]), np.zeros((0, 4)))
            targets = np.full((len(regions), num_classes), UNKNOWN)
        if self.exclusive:
            _check_exclusive(targets, results)
        results["given_bboxes"], results["region_targets"] = regions, targets
        results["whole_image"] = self.whole_image
        results["gt_bboxes"] = HorizontalBoxes(regions.astype(np.float32))
        results["gt_bboxes_labels"] = np.arange(len(regions), dtype=np.int64)
        results["gt_ignore_flags"] = np.zeros(len(regions), bool)
        return results


def regions_of(
    instances: Sequence[Mapping[str, Any]], num_classes: int, whole: list[float] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the regions of an image and their targets.

    Args:
        instances: Dicts with `bbox` (xyxy), `bbox_label` and `ignore_flag`.
        num_classes: C.
        whole: The box of the whole image where that is the one region; else None.

    Returns:
        Boxes (N, 4) in the order of their first annotation, and targets (N, C): 1, 0 or -1.
    """
    regions: dict[tuple[float, ...], FloatArray] = {}
    if whole is not None:
        regions[tuple(whole)] = np.zeros(num_classes)
    for each in instances:
        box = tuple(whole) if whole is not None else tuple(map(float, each["bbox"]))
        target = regions.setdefault(box, np.zeros(num_classes))
        label = each["bbox_label"]
        if not each["ignore_flag"]:
            target[label] = 1.0
        elif target[label] == 0:
            target[label] = UNKNOWN
    bboxes = np.array(list(regions), np.float64).reshape(-1, 4)
    return bboxes, np.array(list(regions.values()), np.float64).reshape(-1, num_classes)


def boxes_of(path: str) -> dict[int, FloatArray]:
    """Return the different boxes (N, 4), xyxy, on each image of a file of COCO results."""
    found: dict[int, dict[tuple[float, ...], None]] = {}
    for entry in read_json(path):
        x, y, width, height = map(float, entry["bbox"])
        found.setdefault(int(entry["image_id"]), {})[(x, y, x + width, y + height)] = None
    return {image: np.array(list(boxes), np.float64) for image, boxes in found.items()}


def _check_exclusive(targets: FloatArray, results: Mapping[str, Any]) -> None:
    """Refuse a region without exactly one class, where classes exclude each other."""
    known = (targets != UNKNOWN).all(axis=1)
    if (wrong := known & (targets.sum(axis=1) != 1)).any():
        counts = targets[wrong][0].sum()
        raise PodiumError(
            f"{results['file_name']} must have exactly one class for each image or region, since "
            f"competition.exclusive is True, but one has {counts:g}; fix the annotations, or mark "
            "unknown classes by crowd boxes"
        )


@TRANSFORMS.register_module()
class PackRegions(PackDetInputs):
    """Pack an image and its regions for a classifier.

    As MMDetection's `PackDetInputs`; `gt_instances` has `bboxes`, `targets` and `given_bboxes`.

    Args:
        meta_keys: As in MMDetection.
        flip_pairs: Pairs of labels that a mirrored image exchanges; the competition says them.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = META_KEYS,
        flip_pairs: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__(tuple(meta_keys))
        self.flip_pairs = [tuple(pair) for pair in flip_pairs]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return `inputs` and `data_samples`."""
        if results["whole_image"]:
            _cover_image(results)
        kept = results["gt_bboxes_labels"]
        targets = results["region_targets"][kept]
        if is_mirrored(results):
            targets = exchanged(targets, self.flip_pairs)
        packed = super().transform(results)
        instances = packed["data_samples"].gt_instances
        del instances.labels
        instances.targets = torch.from_numpy(targets.astype(np.float32))
        instances.given_bboxes = torch.from_numpy(results["given_bboxes"][kept])
        return packed


def _cover_image(results: dict[str, Any]) -> None:
    """Let the one region be the image as it has become, wherever transforms have moved its box."""
    height, width = results["img"].shape[:2]
    results["gt_bboxes"] = HorizontalBoxes(np.array([[0, 0, width, height]], np.float32))
    results["gt_bboxes_labels"] = np.zeros(1, np.int64)
    results["gt_ignore_flags"] = np.zeros(1, bool)


def is_mirrored(meta: Mapping[str, Any]) -> bool:
    """Return whether left and right of an image are exchanged."""
    return bool(meta.get("flip")) and meta.get("flip_direction") in _MIRRORING


def exchanged(columns: Any, pairs: Sequence[tuple[int, ...]]) -> Any:
    """Return an array or tensor (N, C) with the columns of each pair exchanged."""
    order = list(range(columns.shape[1]))
    for first, second in pairs:
        order[first], order[second] = second, first
    return columns[:, order]
