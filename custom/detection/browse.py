"""Looking at augmented training samples, and checking them, before a GPU is spent on them."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmengine.dataset import ConcatDataset, RepeatDataset

from custom.detection.datasets import CompetitionDataset, SampleSource
from custom.detection.samples import value_faults
from custom.detection.transforms.boxes import Image, get_objects
from custom.errors import PodiumError
from custom.sheets import check_sheet, write_sheet_file
from custom.training.checks.preprocessing import preprocessing_faults, scale_faults
from custom.training.seeding import SampleKey, derive_seed, seeded

_CELL = 320  # side of a picture on the sheet, pixels


@dataclasses.dataclass(frozen=True)
class PipelineCheck:
    """What a check of a training pipeline found.

    Attributes:
        faults: What is wrong, with the image's file name.
        milliseconds: Mean time of each transform, in the pipeline's order, by name.
        num_samples: How many samples were drawn.
        num_boxes: How many boxes they had.
    """

    faults: tuple[str, ...]
    milliseconds: dict[str, float]
    num_samples: int
    num_boxes: int


def training_set(config: Any) -> Any:
    """Return the training set of a resolved config.

    Raises:
        PodiumError: If it is not of `CompetitionDataset`, alone or within others.
    """
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    init_default_scope("mmdet")
    dataset = DATASETS.build(config.train_dataloader.dataset)
    if len(dataset):
        innermost(dataset, SampleKey(0))
    return dataset


def innermost(dataset: Any, key: SampleKey) -> tuple[CompetitionDataset, SampleKey]:
    """Return the data set that holds a sample, and its key there.

    Raises:
        PodiumError: If that is no `CompetitionDataset`.
    """
    while not isinstance(dataset, CompetitionDataset):
        if isinstance(dataset, ConcatDataset):
            position, key = dataset._get_ori_dataset_idx(key)
            dataset = dataset.datasets[position]
        elif isinstance(dataset, RepeatDataset):
            key, dataset = key % len(dataset.dataset), dataset.dataset
        else:
            raise PodiumError(
                "the training set must be CompetitionDataset to be browsed, alone or within "
                f"ConcatDataset or RepeatDataset, but is {type(dataset).__name__}"
            )
    return dataset, key


def augmented(
    dataset: Any, key: SampleKey, seconds: dict[str, list[float]] | None = None
) -> dict[str, Any] | None:
    """Return a sample after all transforms but the last, which packs it into tensors.

    Args:
        dataset: The training set.
        key: Which sample, with seed and epoch.
        seconds: If given, each transform's time is appended under its name.

    Returns:
        The sample; None where a crop gave up and training would draw again.
    """
    dataset, key = innermost(dataset, key)
    results: Any = dataset.get_data_info(int(key))
    results["sample_source"] = SampleSource(dataset, int(key))
    with seeded(derive_seed(key.sample_seed, 0)):  # the first attempt, as in training
        for position, transform in enumerate(dataset.pipeline_of(key.epoch).transforms[:-1]):
            start = time.perf_counter()
            results = transform(results)
            if seconds is not None:
                name = f"{position} {type(transform).__name__}"
                seconds[name].append(time.perf_counter() - start)
            if results is None:
                return None
    return results


def draw_sheet(dataset: Any, keys: Sequence[SampleKey], columns: int = 4) -> Image:
    """Return a contact sheet of augmented samples with their boxes and class names."""
    cells = [_cell(dataset, augmented(dataset, key)) for key in keys]
    cells += [np.full((_CELL, _CELL, 3), 255, np.uint8)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def write_sheet(dataset: Any, seed: int, num: int, out: str) -> None:
    """Write a contact sheet of the first `num` samples of the first epoch, shuffled by `seed`.

    Raises:
        PodiumError: If `num` is below 1, `out` is there and no contact sheet, or it cannot be
            written.
    """
    _check_num(num)
    order = np.random.default_rng(seed).permutation(len(dataset))
    keys = [SampleKey(int(index), seed) for index in np.resize(order, num)]
    check_sheet(out)
    write_sheet_file(out, draw_sheet(dataset, keys))


def _check_num(num: int) -> None:
    if num < 1:
        raise PodiumError(f"the number of samples must be at least 1, but is {num}")


def _cell(dataset: Any, sample: dict[str, Any] | None) -> Image:
    """Return one picture of the sheet, scaled to fit a square."""
    cell = np.full((_CELL, _CELL, 3), 255, np.uint8)
    if sample is None:
        return cell
    image = np.clip(sample["img"], 0, 255).astype(np.uint8)
    scale = (_CELL - 4) / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    objects, meta = get_objects(sample), dataset.metainfo
    for bbox, label in zip(objects.bboxes * scale, objects.labels.tolist(), strict=True):
        x1, y1, x2, y2 = np.rint(bbox).astype(int).tolist()
        colour = tuple(reversed(meta["palette"][label]))
        cv2.rectangle(small, (x1, y1), (x2, y2), colour, 1)
        place = (x1 + 2, max(10, y1 - 3))
        cv2.putText(small, meta["classes"][label], place, cv2.FONT_HERSHEY_SIMPLEX, 0.35, colour)
    cell[: small.shape[0], : small.shape[1]] = small
    return cell


def check_config(config: Any, seed: int = 42, num: int = 50) -> PipelineCheck:
    """Check a resolved config's training pipeline, and that all parts are prepared alike.

    Raises:
        PodiumError: If `num` is below 1, or the training set cannot be browsed.
    """
    dataset = training_set(config)
    check = check_pipeline(dataset, seed, num)
    inner = innermost(dataset, SampleKey(0))[0]
    shapes = [
        (info["height"], info["width"]) for info in map(inner.get_data_info, range(len(inner)))
    ]
    faults = (
        *preprocessing_faults(config),
        *scale_faults(config, np.array(shapes)),
        *(value_faults([dataset[SampleKey(0, seed)]["inputs"]], config)),
        *check.faults,
    )
    return dataclasses.replace(check, faults=faults)


def check_pipeline(dataset: Any, seed: int = 42, num: int = 50) -> PipelineCheck:
    """Draw samples and check each: types, shapes, boxes, labels, and that it can be repeated.

    Args:
        dataset: The training set.
        seed: The training's seed.
        num: How many samples to draw, spread over the data set.

    Raises:
        PodiumError: If `num` is below 1.
    """
    _check_num(num)
    faults, num_boxes = [], 0
    seconds: dict[str, list[float]] = defaultdict(list)
    for index in np.linspace(0, len(dataset) - 1, num).astype(int).tolist():
        key = SampleKey(index, seed)
        sample, again = augmented(dataset, key, seconds), augmented(dataset, key)
        if sample is None or again is None:
            continue
        inner, place = innermost(dataset, key)
        name = inner.get_data_info(int(place))["file_name"]
        found = faults_of(sample, len(dataset.metainfo["classes"]))
        if not _same(sample, again):
            found.append("the same seed gives another sample: a transform has a memory of its own")
        faults += [f"{name}: {fault}" for fault in found]
        num_boxes += len(sample["gt_bboxes_labels"])
    milliseconds = {name: 1e3 * float(np.mean(times)) for name, times in seconds.items()}
    return PipelineCheck(tuple(faults), milliseconds, num, num_boxes)


def faults_of(sample: dict[str, Any], num_classes: int) -> list[str]:
    """Return what is wrong with a sample before it is packed."""
    image, labels, ignore = (sample[k] for k in ("img", "gt_bboxes_labels", "gt_ignore_flags"))
    bboxes = np.asarray(sample["gt_bboxes"].tensor)
    height, width = image.shape[:2]
    checks = {
        f"the image must be uint8 or float32, but is {image.dtype}": image.dtype
        in (np.uint8, np.float32),
        "the image has values that are no numbers": bool(np.isfinite(image).all()),
        f"img_shape must be {(height, width)}, but is {sample['img_shape']}": tuple(
            sample["img_shape"]
        )
        == (height, width),
        f"boxes, labels and flags must be equally many, but are {len(bboxes)}, {len(labels)}, "
        f"{len(ignore)}": len(bboxes) == len(labels) == len(ignore),
        f"labels must be int64, but are {labels.dtype}": labels.dtype == np.int64,
        f"labels must be 0 to {num_classes - 1}, but are {sorted(set(labels.tolist()))}": bool(
            ((labels >= 0) & (labels < num_classes)).all()
        ),
        f"ignore flags must be bool, but are {ignore.dtype}": ignore.dtype == bool,
        "a box has no area or is no number": bool((bboxes[:, 2:] > bboxes[:, :2]).all()),
        f"a box leaves the image of {width}x{height} by more than a pixel": bool(
            (bboxes >= -1).all() and (bboxes <= [width + 1, height + 1] * 2).all()
        ),
    }
    return [fault for fault, good in checks.items() if not good]


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Return whether two samples have the same image, boxes and labels, bit for bit."""
    pairs = [
        (one["img"], two["img"]),
        (one["gt_bboxes"].tensor.numpy(), two["gt_bboxes"].tensor.numpy()),
        (one["gt_bboxes_labels"], two["gt_bboxes_labels"]),
    ]
    return all(np.array_equal(first, second) for first, second in pairs)
