"""Runs of classifiers without a training: sealed annotations of videos, and scores with noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from custom import runs
from custom.files import write_json
from custom.splits import Split, make_split, read_split, seal
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results

CLASSES = {"image": ("open", "close"), "region": ("rope", "no_rope")}
SIDE = 100
FRAMES = 6  # of a video, a tenth of a second apart
# Two people, who move by two pixels a frame.
PEOPLE = ((10.0, 20.0, 30.0, 60.0), (55.0, 20.0, 30.0, 60.0))


def make_label_annotations(path: Path, task: str, num_videos: int, seed: int) -> Path:
    """Write COCO annotations of short videos.

    Args:
        path: The file.
        task: "image": each class is on an image or not, one in twenty labels is unknown.
            "region": two people on each image, with one of the two classes.
        num_videos: Each of `FRAMES` images, whose labels are the same.
        seed: Of the labels.
    """
    rng = np.random.default_rng(seed)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for video in range(num_videos):
        truth = rng.random(2) < (0.6, 0.4)
        for frame in range(FRAMES):
            index = len(images)
            name = f"{path.stem}/{video:03d}_{frame}.jpg"
            image = {"id": index, "file_name": name, "height": SIDE, "width": SIDE}
            times = {"video_id": video, "frame_id": frame, "timestamp": frame / 10}
            images.append(image | times)
            for k in range(2):
                if task == "region":
                    x, y, width, height = PEOPLE[k]
                    box, label, crowd = [x + 2 * frame, y, width, height], int(truth[k]), 0
                else:
                    box, label = [0.0, 0.0, SIDE, SIDE], k
                    crowd = int(rng.random() < 0.05)
                    if not (truth[k] or crowd):
                        continue
                record = {"id": len(annotations), "image_id": index, "category_id": label}
                area = box[2] * box[3]
                annotations.append(record | {"bbox": box, "area": area, "iscrowd": crowd})
    categories = [{"id": i, "name": name} for i, name in enumerate(CLASSES[task])]
    write_json(path, {"images": images, "categories": categories, "annotations": annotations})
    return path


def make_label_split(folder: Path, task: str, num_videos: int = 60, num_folds: int = 3) -> Split:
    """Write `train.json` and `test.json`, and seal a split of the first that cuts no video."""
    train = make_label_annotations(folder / "train.json", task, num_videos, seed=0)
    make_label_annotations(folder / "test.json", task, 10, seed=1)
    draft = make_split(read_ground_truth(train), num_folds, seed=42, group_by="video_id")
    return seal(draft, folder / "splits" / "toy")


def scored(gt: GroundTruth, task: str, noise: float, seed: int) -> Predictions:
    """Return a label of each class for each image or region, scored near the truth.

    Args:
        gt: The annotations.
        task: "image" or "region".
        noise: Of the logits, beside which the truth is at 1 and -1.
        seed: Of the noise.
    """
    rng = np.random.default_rng(seed)
    index, bboxes, truth = [], [], []
    for image in range(len(gt.images)):
        rows = gt.rows(image)
        labels = gt.labels[rows][~gt.iscrowd[rows]]
        if task == "image":
            items = [([0.0, 0.0, SIDE, SIDE], np.isin([0, 1], labels))]
        else:
            regions = zip(gt.bboxes[rows].tolist(), gt.labels[rows], strict=True)
            items = [(box, np.arange(2) == label) for box, label in regions]
        for box, is_class in items:
            index += [image, image]
            bboxes += [box, box]
            truth += is_class.tolist()
    logits = 2 * np.array(truth) - 1 + rng.normal(0, noise, len(truth))
    if task == "region":  # a softmax over two
        logits[1::2] = -logits[::2]
    labels = np.tile([0, 1], len(truth) // 2)
    return Predictions.from_rows(gt.images.ids, index, bboxes, 1 / (1 + np.exp(-logits)), labels)


def make_label_run(
    data: Path, folder: Path, task: str, fold: int = 0, noise: float = 0.7, seed: int = 42
) -> Path:
    """Write a finished run on the data of `make_label_split`; return `runs/<run>.json`."""
    split = read_split(data / "splits" / "toy")
    gt = read_ground_truth(data / "train.json")
    val, test = gt.take_ids(split.val_ids(fold)), read_ground_truth(data / "test.json")
    test_file = folder.with_name(f"{folder.name}.json")
    write_results(folder / "val.json", scored(val, task, noise, seed), gt.categories)
    write_results(test_file, scored(test, task, noise, seed + 1), gt.categories)
    train = runs.data_entry(data / "train.json")
    record = runs.RunRecord(
        name=folder.name,
        split=runs.SplitEntry(str(split.folder), split.hash),
        fold=fold,
        data={"train": train, "val": train, "test": runs.data_entry(data / "test.json")},
        metrics={"ranking_AP": runs.MetricValue(0.5, dict.fromkeys(CLASSES[task], 0.5))},
        task=task,
        metric="ranking_AP",
        trainer=runs.Trainer("toy"),
        config=f"{folder.name}.py",
        seed=seed,
        checkpoint_hash=f"{seed:064d}",
        wall_time_s=60.0,
    )
    runs.write_record(folder, record)
    return test_file
