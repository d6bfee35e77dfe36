"""Views of one image merged by the same fusing that merges models."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.models import DetTTAModel
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_flip
from mmengine.structures import InstanceData

from custom.boxes import limit_bboxes
from custom.ensemble import FusionConfig, fuse
from custom.tables import Images, Predictions


@MODELS.register_module()
class FusedTTA(DetTTAModel):
    """Predict on each view and fuse the views as if they were models.

    A view on which nothing is found counts as evidence, as a model's silence does.

    Args:
        fusion: Arguments of `FusionConfig`: method, iou_thr, skip_box_thr, ...
        max_per_img: Most boxes kept on an image, by score.
        **kwargs: As in MMDetection's `DetTTAModel`.
    """

    def __init__(
        self, fusion: dict[str, Any] | None = None, max_per_img: int = 300, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.fusion, self.max_per_img = FusionConfig(**(fusion or {})), max_per_img

    def merge_preds(self, data_samples_list: list[list[DetDataSample]]) -> list[DetDataSample]:
        """Fuse the views of each image.

        Args:
            data_samples_list: For each image its views, each with `pred_instances` in pixels of
                the original image, not flipped back yet.

        Returns:
            The first view of each image, with the fused boxes.
        """
        sizes_hw = np.array([views[0].ori_shape for views in data_samples_list], np.int64)
        ids = np.arange(len(data_samples_list))
        images = Images(ids, tuple(map(str, ids)), sizes_hw, "test-time augmentation")
        tables = [_table(ids, list(view)) for view in zip(*data_samples_list, strict=True)]
        fused = fuse(tables, images, self.fusion)
        return [
            _with_boxes(views[0], fused, index, self.max_per_img)
            for index, views in enumerate(data_samples_list)
        ]


def _table(ids: np.ndarray, samples: list[DetDataSample]) -> Predictions:
    """Return one view of all images as a table, flipped back and limited to the images."""
    boxes: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    index: list[np.ndarray] = []
    for position, sample in enumerate(samples):
        found = sample.pred_instances
        bboxes = found.bboxes
        if sample.metainfo.get("flip", False):
            bboxes = bbox_flip(bboxes, sample.ori_shape, sample.flip_direction)
        flat = bboxes.double().cpu().numpy()
        sizes_hw = np.tile(np.array(sample.ori_shape, np.int64), (len(flat), 1))
        limited, keep = limit_bboxes(flat, sizes_hw)
        boxes.append(limited[keep])
        scores.append(found.scores.double().cpu().numpy()[keep])
        labels.append(found.labels.cpu().numpy()[keep])
        index.append(np.full(len(labels[-1]), position))
    rows, bboxes_of, scores_of, labels_of = map(np.concatenate, (index, boxes, scores, labels))
    return Predictions.from_rows(ids, rows, bboxes_of, scores_of, labels_of, "a view")


def _with_boxes(
    sample: DetDataSample, fused: Predictions, index: int, max_per_img: int
) -> DetDataSample:
    """Return `sample` with the fused boxes of the image at `index`."""
    rows = fused.rows(index)
    order = np.argsort(-fused.scores[rows], kind="stable")[:max_per_img]
    like = sample.pred_instances
    sample.pred_instances = InstanceData(
        bboxes=like.bboxes.new_tensor(fused.bboxes[rows][order]).reshape(-1, 4),
        scores=like.scores.new_tensor(fused.scores[rows][order]),
        labels=like.labels.new_tensor(fused.labels[rows][order]),
    )
    return sample
