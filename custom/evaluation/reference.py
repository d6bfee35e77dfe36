"""pycocotools itself on the tables: what the kernels must equal."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from custom.boxes import FloatArray, xyxy_to_xywh
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS
from custom.tables import GroundTruth, Predictions


def coco_eval(
    gt: GroundTruth,
    predictions: Predictions,
    iou_thrs: Sequence[float] = COCO_IOU_THRS,
    areas: Sequence[str] = ("all",),
    max_dets: Sequence[int] = (100,),
    tables: tuple[Any, Any] | None = None,
) -> Any:
    """Return a `COCOeval` that has not run yet; see `match` for the arguments.

    `tables` are those of `coco_tables`, if they are there already.
    """
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(*(tables or coco_tables(gt, predictions)), "bbox")
    params = evaluation.params
    params.iouThrs = np.array(iou_thrs, dtype=np.float64)
    params.areaRng = [list(COCO_AREAS[name]) for name in areas]
    params.areaRngLbl = list(areas)
    params.maxDets = sorted(max_dets)
    return evaluation


def coco_tables(gt: GroundTruth, predictions: Predictions) -> tuple[Any, Any]:
    """Return annotations and detections as `COCO` objects.

    Annotation ids are numbered from 1, since a match with id 0 counts as no match there.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        return _coco(_dataset(gt)), _coco(_results(gt, predictions))


def run_coco_eval(evaluation: Any) -> tuple[FloatArray, FloatArray]:
    """Evaluate; return AP and recall, shape (T, C, A, M), NaN for a class without boxes."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]
    recall = evaluation.eval["recall"]
    ap = precision.mean(axis=1)
    return np.where(ap < 0, np.nan, ap), np.where(recall < 0, np.nan, recall)


def _coco(dataset: dict[str, object]) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def _dataset(gt: GroundTruth) -> dict[str, object]:
    category_ids = np.arange(len(gt.categories))[gt.labels]
    columns = (
        gt.images.ids[gt.image_index].tolist(),
        category_ids.tolist(),
        xyxy_to_xywh(gt.bboxes).tolist(),
        gt.area.tolist(),
        gt.iscrowd.astype(int).tolist(),
    )
    keys = ("image_id", "category_id", "bbox", "area", "iscrowd")
    annotations = [
        {"id": i, **dict(zip(keys, row, strict=True))}
        for i, row in enumerate(zip(*columns, strict=True), start=1)
    ]
    return {**_lists(gt), "annotations": annotations}


def _results(gt: GroundTruth, predictions: Predictions) -> dict[str, object]:
    predictions = predictions.aligned_to(gt.images.ids)
    bboxes_xywh = xyxy_to_xywh(predictions.bboxes)
    columns = (
        predictions.image_ids[predictions.image_index].tolist(),
        predictions.labels.tolist(),
        bboxes_xywh.tolist(),
        (bboxes_xywh[:, 2] * bboxes_xywh[:, 3]).tolist(),
        predictions.scores.tolist(),
    )
    keys = ("image_id", "category_id", "bbox", "area", "score")
    annotations = [
        {"id": i, "iscrowd": 0, **dict(zip(keys, row, strict=True))}
        for i, row in enumerate(zip(*columns, strict=True), start=1)
    ]
    return {**_lists(gt), "annotations": annotations}


def _lists(gt: GroundTruth) -> dict[str, object]:
    """Return the images and the categories, whose ids are the labels."""
    images = [{"id": image_id} for image_id in gt.images.ids.tolist()]
    categories = [{"id": label, "name": name} for label, name in enumerate(gt.categories.names)]
    return {"images": images, "categories": categories}
