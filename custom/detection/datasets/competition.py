"""The data set of a competition: one part of one fold, each sample a function of its key."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from typing import Any

import cv2
import numpy as np
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.dataset import Compose

from custom.boxes import IntArray
from custom.depth import check_depth
from custom.detection.datasets.images import check_whole, unreadable
from custom.detection.datasets.source import SampleSource
from custom.errors import PodiumError
from custom.files import read_json
from custom.image_files import find_images
from custom.splits import read_split, select_part
from custom.tables import Images
from custom.training.seeding.generators import derive_seed, seeded
from custom.training.seeding.keys import SampleKey

# A crop that finds no box gives up; the same image is then augmented with another draw.
MAX_ATTEMPTS = 30

PARTS = ("train", "val", "test", "extra")


@DATASETS.register_module()
class CompetitionDataset(CocoDataset):
    """A COCO data set that takes one part of one fold, and refuses what would train wrongly.

    A training sample is a function of (seed, epoch, index) alone: the index that the sampler
    hands over carries the other two, and the generators of `random`, `numpy.random` and torch
    are set from them for the time of the pipeline. A plain integer stands for seed 0, epoch 0.

    Unlike mmdet's, it raises `PodiumError` for a missing or broken image instead of drawing
    another one, for an image whose size is not the annotated one, for classes other than the
    annotation file's, and for an annotation that mmdet would leave out without a word. Images
    without boxes stay unless `filter_cfg` says otherwise.

    Transforms that mix images find other samples in `results["sample_source"]`.

    Args:
        split: Folder of a sealed split; None takes every image.
        fold: The fold, from 0; needed with `split`.
        part: "train" (all folds but `fold`), "val" (`fold`), "test" (every image) or "extra":
            every image of a file of its own, whose classes are matched by name; it may lack some
            and have them in another order.
        augmentations: Transforms put into the pipeline right after its loaders, where images
            still have their own size; those of an `_base_/augmentations` config come here.
        stages: Pipelines of later epochs: `(first epoch, pipeline)`, epochs from 0 and rising.
        depth: How pixels of more than 8 bits are scaled: "image" or (low, high).
        **kwargs: As in mmdet's `CocoDataset`. `metainfo` may leave out `classes`.
    """

    METAINFO: dict[str, Any] = {}  # noqa: RUF012 (mmengine's interface)
    follows_seed = True

    def __init__(
        self,
        *args: Any,
        split: str | None = None,
        fold: int | None = None,
        part: str = "train",
        augmentations: Sequence[dict] = (),
        stages: Sequence[tuple[int, list[dict]]] = (),
        depth: Any = None,
        **kwargs: Any,
    ) -> None:
        if part not in PARTS:
            raise PodiumError(f"part must be one of {', '.join(PARTS)}, but is {part!r}")
        if split is not None and part in ("train", "val") and fold is None:
            raise PodiumError(f"a split needs a fold, but fold is None; split {split}")
        self.split, self.fold, self.part = split, fold, part
        self.depth = check_depth(depth)
        self.stages = [(int(epoch), Compose(pipeline)) for epoch, pipeline in stages]
        if augmentations:
            kwargs["pipeline"] = with_augmentations(kwargs.get("pipeline", []), augmentations)
        super().__init__(*args, **kwargs)

    def full_init(self) -> None:
        """Read the annotations, once."""
        if self._fully_initialized:
            return
        super().full_init()
        of_images = [self.get_data_info(index)["instances"] for index in range(len(self))]
        self.image_labels: list[IntArray] = [_labels(instances) for instances in of_images]
        # Classes that an image has crowds of alone.
        self.image_unknown: list[IntArray] = [
            np.setdiff1d(_labels(i for i in found if i["ignore_flag"]),
                         _labels(i for i in found if not i["ignore_flag"]))
            for found in of_images
        ]  # fmt: skip

    def load_data_list(self) -> list[dict]:
        """Return the images of this part of this fold, with their boxes."""
        name_of = _categories(self.ann_file)
        names = tuple(name_of.values())
        classes = tuple(self._metainfo.setdefault("classes", names))
        if classes != names and self.part != "extra":
            raise PodiumError(
                f"the config's classes must be those of {self.ann_file}, in its order: "
                f"{list(names)}, but are {list(classes)}"
            )
        self._metainfo.setdefault("palette", _palette(len(classes)))
        # MMDetection's own `cat2label` counts in the file's order.
        self._labels = {i: classes.index(name) for i, name in name_of.items() if name in classes}
        with redirect_stdout(io.StringIO()):  # pycocotools prints
            data_list = self._chosen(super().load_data_list())
        # Names in another Unicode form, case or folder lead to their files.
        files = [entry["file_name"] for entry in data_list]
        paths = find_images(self.data_prefix.get("img") or ".", files).paths
        for entry, path in zip(data_list, paths, strict=True):
            entry["img_path"] = str(path)
            if self.depth is not None:
                entry["depth"] = self.depth
        return data_list

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Return an image's entry; unlike mmdet's, thin boxes stay and bad ones are refused."""
        image = raw_data_info["raw_img_info"]
        entry = super().parse_data_info({"raw_img_info": image, "raw_ann_info": []})
        entry["file_name"] = image["file_name"]
        entry["instances"] = [self._instance(ann, entry) for ann in raw_data_info["raw_ann_info"]]
        return entry

    def _instance(self, annotation: dict, entry: dict) -> dict:
        """Return one box; crowds and those marked `ignore` are kept, with the flag."""
        x, y, width, height = annotation["bbox"]
        outside = min(x + width, entry["width"]) <= max(x, 0) or (
            min(y + height, entry["height"]) <= max(y, 0)
        )
        label = self._labels.get(annotation["category_id"])
        if width <= 0 or height <= 0 or outside or label is None:
            raise PodiumError(
                f"{self.ann_file}: annotation {annotation['id']} of image {entry['file_name']} "
                f"must be a box with area within {entry['width']}x{entry['height']} and of a "
                f"known class, but is {annotation['bbox']} (x, y, width, height) of category "
                f"{annotation['category_id']}; fix or remove it"
            )
        instance = {
            "bbox": [x, y, x + width, y + height],
            "bbox_label": label,
            "ignore_flag": int(bool(annotation.get("iscrowd") or annotation.get("ignore"))),
        }
        if annotation.get("segmentation"):
            instance["mask"] = annotation["segmentation"]
        return instance

    def _chosen(self, data_list: list[dict]) -> list[dict]:
        """Return the entries of this part; those that the split does not know are trained on."""
        if self.split is None or self.fold is None or self.part in ("test", "extra"):
            return data_list
        images = Images(
            np.array([entry["img_id"] for entry in data_list]),
            tuple(entry["file_name"] for entry in data_list),
            np.array([(entry["height"], entry["width"]) for entry in data_list]),
            self.ann_file,
        )
        chosen = select_part(read_split(self.split), self.fold, self.part, images)
        return [data_list[index] for index in chosen.tolist()]

    def __getitem__(self, idx: int) -> dict:
        """Return a sample; the same key gives the same one."""
        key = idx if isinstance(idx, SampleKey) else SampleKey(int(idx))
        for attempt in range(MAX_ATTEMPTS):
            with seeded(derive_seed(key.sample_seed, attempt)):
                sample = self._run(self.pipeline_of(key.epoch).transforms, int(key))
            if sample is not None:
                return sample
        raise PodiumError(
            f"the pipeline left nothing of {self.get_data_info(int(key))['img_path']} in "
            f"{MAX_ATTEMPTS} draws; let its crops and filters keep images without boxes "
            "(allow_negative_crop=True, keep_empty=True), or set filter_cfg"
        )

    def pipeline_of(self, epoch: int) -> Compose:
        """Return the pipeline of an epoch, counted from 0."""
        reached = [pipeline for first, pipeline in self.stages if first <= epoch]
        return reached[-1] if reached else self.pipeline

    def load_sample(self, index: int) -> dict:
        """Return an image with its boxes as loaded, before any augmentation."""
        loaders = [t for t in self.pipeline.transforms if _is_loader(t)]
        sample = self._run(loaders, index)
        if sample is None:
            raise PodiumError(f"the loaders of {self.ann_file} returned nothing for {index}")
        return sample

    def _run(self, transforms: Sequence[Callable], index: int) -> dict | None:
        results: dict | None = self.get_data_info(index)
        assert results is not None
        results["sample_source"] = SampleSource(self, index)
        for transform in transforms:
            results = _load(transform, results) if _is_loader(transform) else transform(results)
            if results is None:
                return None
        return results


def _labels(instances: Iterable[dict[str, Any]]) -> IntArray:
    return np.array([instance["bbox_label"] for instance in instances], np.int64)


def with_augmentations(pipeline: Sequence[dict], augmentations: Sequence[dict]) -> list[dict]:
    """Return a pipeline's config with `augmentations` right after its last loader."""
    last = max((i for i, t in enumerate(pipeline) if t["type"].startswith("Load")), default=-1)
    return [*pipeline[: last + 1], *augmentations, *pipeline[last + 1 :]]


def _is_loader(transform: Callable) -> bool:
    """Return whether a transform reads a sample's own files."""
    return type(transform).__name__.startswith("Load")


def _load(transform: Callable, results: dict) -> dict:
    """Apply a loader; what it cannot read, or reads with another size, is an error."""
    path = str(results["img_path"])
    is_image = "img" not in results
    if is_image:
        check_whole(path)
    try:
        loaded = transform(results)
    except (OSError, AssertionError) as error:
        raise unreadable(path, error) from error
    except cv2.error as error:  # whose text is of its own source
        raise unreadable(path, ValueError("OpenCV cannot decode it")) from error
    if loaded is None:
        raise unreadable(path, ValueError("the loader returned nothing"))
    annotated = (loaded["height"], loaded["width"])
    if is_image and "img" in loaded and tuple(loaded["img_shape"]) != annotated:
        raise PodiumError(
            f"{path} must be {annotated[1]}x{annotated[0]} as annotated, but is "
            f"{loaded['img_shape'][1]}x{loaded['img_shape'][0]}; its boxes belong to another size"
        )
    return loaded


def _categories(ann_file: str) -> dict[int, str]:
    """Return the class names of an annotation file by id, in its order."""
    content = read_json(ann_file)
    if not isinstance(content, dict) or not content.get("categories"):
        raise PodiumError(f"{ann_file} must have categories, but has none")
    return {category["id"]: category["name"] for category in content["categories"]}


def _palette(num_classes: int) -> list[tuple[int, int, int]]:
    """Return one RGB colour a class, evenly spread over the hues."""
    hues = [colorsys.hsv_to_rgb(i / max(num_classes, 1), 0.85, 0.95) for i in range(num_classes)]
    return [tuple(round(255 * channel) for channel in rgb) for rgb in hues]  # type: ignore[misc]
