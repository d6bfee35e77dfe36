"""Annotations with planted errors beside predictions that see what is really there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from custom.boxes import xyxy_to_xywh
from custom.files import write_json
from custom.review.inputs import Model, Review
from custom.tables import Categories, GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing.planted import plant_errors
from custom.testing.toy_runs import make_toy_annotations

# Names that a page or a patch could get wrong.
CLASSES = ("dose-größe", '<b onclick="window.broken=1">bag</b>', 'box "5"')


def write_annotations(path: Path, gt: GroundTruth) -> Path:
    """Write a table as COCO annotations."""
    annotations = [
        {
            "id": int(gt.annotation_ids[row]), "image_id": int(gt.images.ids[image]),
            "category_id": int(gt.labels[row]), "bbox": box, "area": box[2] * box[3], "iscrowd": 0,
        }
        for row, (image, box) in enumerate(
            zip(gt.image_index.tolist(), xyxy_to_xywh(gt.bboxes).tolist(), strict=True)
        )
    ]  # fmt: skip
    images = [
        {"id": int(i), "file_name": name, "height": int(h), "width": int(w)}
        for i, name, (h, w) in zip(
            gt.images.ids, gt.images.file_names, gt.images.sizes_hw, strict=True
        )
    ]
    categories = [{"id": k, "name": name} for k, name in enumerate(gt.categories.names)]
    write_json(path, {"images": images, "categories": categories, "annotations": annotations})
    return path


def planted_review(folder: Path, num_images: int = 60) -> Review:
    """Return a review whose model sees the boxes as they were before errors were planted."""
    truth = read_ground_truth(make_toy_annotations(folder / "truth.json", num_images))
    truth = GroundTruth(
        truth.images, Categories.from_names(CLASSES), truth.offsets, truth.bboxes, truth.labels,
        truth.iscrowd, truth.area, truth.annotation_ids,
    )  # fmt: skip
    planted = plant_errors(truth, share=0.06).gt
    gt = read_ground_truth(write_annotations(folder / "train.json", planted))
    rng = np.random.default_rng(0)
    seen = np.clip(truth.bboxes + rng.normal(0, 0.4, truth.bboxes.shape), 0, 100)
    scores = rng.uniform(0.8, 1.0, truth.num_boxes)
    predictions = Predictions(gt.images.ids, truth.offsets, seen, scores, truth.labels)
    for name in gt.images.file_names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(80, 170, (100, 100, 3), dtype=np.uint8)).save(folder / name)
    return Review("planted", gt, (Model("good", predictions),), folder)
