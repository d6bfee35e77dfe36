"""Toy competitions of labels: of whole images, and of given regions, as COCO files and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from custom.files import write_json
from custom.splits import make_split, seal
from custom.tables.coco import read_ground_truth

IMAGE_CLASSES = ("red", "striped")  # heads of their own: an image may be both, one or none
REGION_CLASSES = ("rope", "no_rope")
SIDE = 48
_RED = (40, 40, 220)  # BGR


def make_toy_labels(folder: Path, task: str, num_images: int = 12) -> Path:
    """Write pictures, `train.json`, `test.json` and a sealed split of two folds.

    Args:
        folder: Made if missing.
        task: "image": one image in six has no class, and of another one nobody knows whether it is
            striped (a crowd box). "region": two boxes an image, each with or without a red line.
        num_images: In `train.json`; `test.json` has half as many, labelled.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    make = _make_image if task == "image" else _make_regions
    classes = IMAGE_CLASSES if task == "image" else REGION_CLASSES
    for part, seed, count in (("train", 0, num_images), ("test", 1, num_images // 2)):
        rng = np.random.default_rng(seed)
        images, annotations = [], []
        for index in range(count):
            name = f"images/{part}_{index:04d}.png"
            images.append({"id": index, "file_name": name, "height": SIDE, "width": SIDE})
            annotations += [{"image_id": index, **each} for each in make(folder / name, index, rng)]
        annotations = [{"id": number, **each} for number, each in enumerate(annotations, start=1)]
        categories = [{"id": label, "name": name} for label, name in enumerate(classes)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_json(folder / f"{part}.json", content)
    draft = make_split(read_ground_truth(folder / "train.json"), num_folds=2, seed=42)
    seal(draft, folder / "splits" / "toy")
    return folder


def _box(label: int, x: int, y: int, width: int, height: int, crowd: bool = False) -> dict:
    area = width * height
    box = {"category_id": label, "bbox": [x, y, width, height], "area": area}
    return {**box, "iscrowd": int(crowd)}


def _make_image(path: Path, index: int, rng: Any) -> list[dict[str, Any]]:
    picture = _noise(rng)
    red, striped = bool(index % 2), index % 3 == 0
    if red:
        picture[:, :, 2] = 220
    if striped:
        picture[::4] = 0
    _write(path, picture)
    unknown = index == 4
    marks = [(0, red, False), (1, striped or unknown, unknown)]
    return [_box(label, 0, 0, SIDE, SIDE, crowd) for label, there, crowd in marks if there]


def _make_regions(path: Path, index: int, rng: Any) -> list[dict[str, Any]]:
    picture, boxes = _noise(rng), []
    for side in range(2):
        x, y, has_rope = 4 + 22 * side, int(rng.integers(2, 20)), bool((index + side) % 2)
        picture[y : y + 24, x : x + 16] = 200
        if has_rope:
            picture[y : y + 24, x + 6 : x + 10] = _RED
        boxes.append(_box(0 if has_rope else 1, x, y, 16, 24))
    _write(path, picture)
    return boxes


def _noise(rng: Any) -> Any:
    return rng.integers(90, 140, (SIDE, SIDE, 3), dtype=np.uint8)


def _write(path: Path, picture: Any) -> None:
    import cv2

    cv2.imwrite(str(path), picture)


def toy_classifier(data: Path, task: str, max_epochs: int = 2) -> dict[str, Any]:
    """Return a whole config on the data of `make_toy_labels`, with timm's smallest ResNet."""
    load, scale = {"type": "LoadImageFromFile"}, {"type": "Resize", "scale": (SIDE, SIDE)}
    ends = [{"type": "LoadRegions"}, {**scale, "keep_ratio": True}]
    pipelines = {
        "train": [load, *ends, {"type": "RandomFlip", "prob": 0.5}, {"type": "PackRegions"}],
        "val": [load, *ends, {"type": "PackRegions"}],
    }
    pipelines["test"] = pipelines["val"]
    config: dict[str, Any] = {
        f"{part}_dataloader": {
            "batch_size": 4,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler", "shuffle": part == "train"},
            "dataset": {
                "type": "CompetitionDataset",
                "part": part,
                "pipeline": pipelines[part],
                **({} if part == "train" else {"test_mode": True}),
            },
        }
        for part in ("train", "val", "test")
    }
    return config | {
        "default_scope": "mmdet",
        "competition": {
            "name": f"toy_{task}",
            "task": task,
            "exclusive": task == "region",
            "metric": "ranking_AP",
            "data_root": str(data),
            "train_ann": "train.json",
            "test_ann": "test.json",
            "split": str(data / "splits" / "toy"),
            "fold": 0,
            "classes": IMAGE_CLASSES if task == "image" else REGION_CLASSES,
        },
        "model": toy_model_of(task),
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": max_epochs, "val_interval": 1},
        "val_cfg": {"type": "ValLoop"},
        "test_cfg": {"type": "TestLoop"},
        "val_evaluator": {"type": "CompetitionMetric"},
        "test_evaluator": {"type": "CompetitionMetric"},
        "optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "AdamW", "lr": 0.003}},
        "param_scheduler": [],
        "log_level": "WARNING",
    }


def toy_model_of(task: str) -> dict[str, Any]:
    """Return the config of a classifier of about 0.4 million parameters."""
    backbone: dict[str, Any] = {"type": "TimmBackbone", "name": "test_resnet"}
    head: dict[str, Any] = {"type": "ClassHead", "num_classes": 2}
    preprocessor = {"type": "DetDataPreprocessor", "mean": [115.0] * 3, "std": [60.0] * 3}
    common = {"data_preprocessor": preprocessor, "backbone": backbone, "head": head}
    if task == "image":
        return {"type": "ImageClassifier", **common}
    backbone["map_index"] = 2
    head["hidden"] = (16,)
    widen = {"left": 0.1, "right": 0.1, "up": 0.1, "down": 0.2}
    return {"type": "RegionClassifier", "widen": widen, "roi_size": 4, **common}
