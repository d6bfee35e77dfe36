"""Readers of the real data that do without the package's own, so that a fault there shows."""

from __future__ import annotations

import csv
import json
from functools import cache

import numpy as np

from custom.boxes import xywh_to_xyxy
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.rows import group_by_image
from custom.testing import shared_data


def read_coco(path) -> GroundTruth:
    content = json.loads(path.read_text())
    ids = [image["id"] for image in content["images"]]
    sizes = [(image["height"], image["width"]) for image in content["images"]]
    images = Images(ids, tuple(image["file_name"] for image in content["images"]), sizes, path.name)
    categories = Categories(
        tuple(category["id"] for category in content["categories"]),
        tuple(category["name"] for category in content["categories"]),
    )
    rows = content["annotations"]
    order, offsets = group_by_image(
        np.array([images.index_of_id[row["image_id"]] for row in rows]), len(ids)
    )
    rows = [rows[k] for k in order]
    return GroundTruth(
        images,
        categories,
        offsets,
        xywh_to_xyxy([row["bbox"] for row in rows]),
        [categories.label_of_id[row["category_id"]] for row in rows],
        [row["iscrowd"] for row in rows],
        [row["area"] for row in rows],
        [row["id"] for row in rows],
    )


@cache
def trash_gt() -> GroundTruth:
    return read_coco(shared_data("trash-gt/train.json"))


@cache
def trash_predictions() -> Predictions:
    path, images = shared_data("predictions/train_faster_rcnn.csv"), trash_gt().images
    index, rows = [], []
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            values = np.array(row["PredictionString"].split(), dtype=np.float64).reshape(-1, 6)
            index += [images.index_of_name[row["image_id"]]] * len(values)
            rows.append(values)
    table = np.concatenate(rows)
    return Predictions.from_rows(
        images.ids, index, table[:, 2:], table[:, 1], table[:, 0].astype(int), path.name
    )


@cache
def coco_gt() -> GroundTruth:
    return read_coco(shared_data("coco-val2014-100/instances_val2014_100.json"))


@cache
def coco_predictions() -> Predictions:
    path = shared_data("coco-val2014-100/instances_val2014_fakebbox100_results.json")
    rows, gt = json.loads(path.read_text()), coco_gt()
    return Predictions.from_rows(
        gt.images.ids,
        [gt.images.index_of_id[row["image_id"]] for row in rows],
        xywh_to_xyxy([row["bbox"] for row in rows]),
        [row["score"] for row in rows],
        [gt.categories.label_of_id[row["category_id"]] for row in rows],
        path.name,
    )
