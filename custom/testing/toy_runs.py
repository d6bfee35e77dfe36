"""Finished runs without a training: a sealed split, and predictions made by jittering the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from custom import runs
from custom.files import read_json, write_json
from custom.splits import Split, make_split, read_split, seal
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results

TOY_CLASSES = ("can", "bag", "box")
SIZE = 100


def make_toy_annotations(path: Path, num_images: int, labelled: bool = True, seed: int = 0) -> Path:
    """Write COCO annotations of `num_images` images of 100x100 pixels with 1 to 4 boxes each."""
    rng = np.random.default_rng(seed)
    part = path.stem
    images = [
        {"id": i, "file_name": f"{part}/{i:04d}.jpg", "height": SIZE, "width": SIZE}
        for i in range(num_images)
    ]
    annotations: list[dict[str, Any]] = []
    for image in images:
        for _ in range(int(rng.integers(1, 5))):
            width, height = rng.integers(10, 40, 2).tolist()
            x, y = rng.integers(0, SIZE - 40, 2).tolist()
            record = {"image_id": image["id"], "category_id": int(rng.integers(3)), "iscrowd": 0}
            record |= {"id": len(annotations), "bbox": [x, y, width, height]}
            annotations.append(record | {"area": width * height})
    categories = [{"id": i, "name": name} for i, name in enumerate(TOY_CLASSES)]
    content = {"images": images, "categories": categories, "annotations": annotations}
    write_json(path, content if labelled else {**content, "annotations": []})
    return path


def make_toy_split(
    folder: Path, num_images: int = 30, num_folds: int = 3, group_by: str | None = None
) -> Split:
    """Write `train.json`, `test.json` and `test_boxes.json`, and seal a split of the first."""
    train = make_toy_annotations(folder / "train.json", num_images)
    make_toy_annotations(folder / "test.json", 6, labelled=False, seed=1)
    make_toy_annotations(folder / "test_boxes.json", 6, seed=1)
    draft = make_split(read_ground_truth(train), num_folds, seed=42, group_by=group_by)
    return seal(draft, folder / "splits" / "toy")


def jittered(gt: GroundTruth, seed: int, noise_px: float = 3.0) -> Predictions:
    """Return predictions near the truth: boxes moved, a fifth of them missed, some false."""
    rng = np.random.default_rng(seed)
    kept = rng.random(gt.num_boxes) > 0.2
    bboxes = gt.bboxes[kept] + rng.normal(0, noise_px, (int(kept.sum()), 4))
    bboxes = np.clip(bboxes, 0, SIZE)
    bboxes[:, 2:] = np.maximum(bboxes[:, 2:], bboxes[:, :2] + 1)
    labels = np.where(rng.random(len(bboxes)) < 0.1, 0, gt.labels[kept])
    scores = rng.uniform(0.05, 1.0, len(bboxes))
    ids = gt.images.ids
    return Predictions.from_rows(ids, gt.image_index[kept], bboxes, scores, labels)


def make_toy_run(
    data: Path, folder: Path, seed: int = 42, fold: int = 0, config: str = "toy.py"
) -> Path:
    """Write a finished run on the data of `make_toy_split`; return `runs/<run>.json`."""
    split = read_split(data / "splits" / "toy")
    gt = read_ground_truth(data / "train.json")
    judged = gt.take_ids(split.val_ids(fold))
    write_results(folder / "val.json", jittered(judged, seed), gt.categories)
    test = read_ground_truth(data / "test_boxes.json")
    test_file = folder.with_name(f"{folder.name}.json")
    write_results(test_file, jittered(test, seed + 1), gt.categories)
    train = runs.data_entry(data / "train.json")
    per_class = dict.fromkeys(TOY_CLASSES, 0.5)
    record = runs.RunRecord(
        name=folder.name,
        split=runs.SplitEntry(str(split.folder), split.hash),
        fold=fold,
        data={"train": train, "val": train, "test": runs.data_entry(data / "test.json")},
        metrics={"AP50": runs.MetricValue(0.5, per_class), "AP": runs.MetricValue(0.3)},
        trainer=runs.Trainer("toy"),
        config=config,
        seed=seed,
        checkpoint_hash="0" * 64,
        wall_time_s=60.0,
    )
    runs.write_record(folder, record)
    return test_file


def edit_record(folder: Path, **values: Any) -> None:
    """Change keys of a `run.json` as a person with an editor may, into whatever."""
    write_json(folder / runs.RECORD, {**read_json(folder / runs.RECORD), **values})
