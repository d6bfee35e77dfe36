"""Annotations, split and images are fit to be trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from custom.depth import floats_need_a_rule
from custom.errors import PodiumError
from custom.image_files import find_images
from custom.pseudo_labels import pseudo_labels_for
from custom.splits import Split, assert_no_leak, changed_val_images
from custom.splits.headers import Header, check_headers
from custom.splits.make import refuse_only_crowds
from custom.tables import GroundTruth, Images
from custom.training.checks.facts import Facts
from custom.training.nodes import dicts_below, name_of

logger = logging.getLogger(__name__)

# Loaders of MMCV that leave a photograph as it is stored, whatever EXIF says.
_STORED_COLORS = ("unchanged", "color_ignore_orientation", "grayscale_ignore_orientation")
_STORED_BACKENDS = ("turbojpeg", "tifffile")


def check_labels(facts: Facts) -> None:
    """Check that both annotation files have the config's classes, and boxes to learn from."""
    for gt in [facts.train] if facts.on_all_folds else [facts.train, facts.val]:
        check_classes(gt, list(facts.competition.classes))
        if gt.num_boxes == 0:
            raise PodiumError(f"{gt.source} must have boxes to learn from, but has none")
        refuse_only_crowds(gt)


def check_val_file(facts: Facts) -> None:
    """Check that the organiser's val file judges where the split was sealed with one."""
    split = facts.split
    if split.has_own_val_file and facts.competition.get("val_ann") in (
        None,
        facts.competition.train_ann,
    ):
        raise PodiumError(
            f"competition.val_ann must name the val file that split {split.folder} was sealed "
            f"with, {split.manifest['annotations']['val']['file']}, but is not set; its images lie "
            "where competition.val_images says"
        )


def check_parts(facts: Facts) -> None:
    """Check that there is something to train on and something to judge by."""
    for part, gt in facts.parts.items():
        where = f"{facts.split.folder}: the {part} part of fold {facts.fold}"
        if gt.num_boxes == 0:
            raise PodiumError(f"{where} is empty")
        if gt.iscrowd.all():
            raise PodiumError(f"{where} must have boxes of single objects, but has only crowds")
    if not facts.on_all_folds:
        warn_of_other_val_labels(facts.split, facts.fold, facts.judged)


def check_images(facts: Facts) -> None:
    """Check that the images of all parts are there, readable and of the annotated size."""
    for part, gt in facts.parts.items():
        check_image_files(gt.images, facts.images(part))
        headers = check_headers(facts.images(part), gt.images, is_upright(facts.config, part))
        check_deep(facts, gt.images, headers)


def check_test_images(facts: Facts) -> None:
    """Check the test set as far as it is there; without it, training is still possible."""
    if facts.test is None:
        path = facts.root / facts.competition.test_ann
        logger.warning("%s is missing: predicting on the test set will need it", path)
        return
    check_classes(facts.test, list(facts.competition.classes))
    images, folder = facts.test.images, facts.images("test")
    if len(find_images(folder, images.file_names).missing) == len(images):
        logger.warning(
            "%s: none of its %d images is below %s: predicting on the test set will need them",
            images.source, len(images), folder,
        )  # fmt: skip
        return
    check_image_files(images, folder)
    check_deep(facts, images, check_headers(folder, images, is_upright(facts.config, "test")))


def check_deep(facts: Facts, images: Images, headers: Sequence[Header]) -> None:
    """Check that a rule says how pixels of more than 8 bits are scaled, and say which it is."""
    depth = facts.competition.get("depth")
    found = [(name, h.deep) for name, h in zip(images.file_names, headers, strict=True) if h.deep]
    for kind in dict.fromkeys(kind for _, kind in found):
        names = [name for name, its in found if its == kind]
        where = f"{images.source}: {len(names)} images, the first {names[0]}"
        if kind == "floats" and depth is None:
            raise PodiumError(floats_need_a_rule(f"{where}, which"))
        if kind == "colours" and depth is not None:
            raise PodiumError(
                f"{where}, have colours of 16 bits, of which only the upper 8 can be read, so that "
                "competition.depth cannot hold; convert them to 8 bits"
            )
        how = f"scaled by competition.depth = {depth}"
        if depth is None:
            how = (
                "scaled each from its darkest to its brightest pixel; competition.depth = (low, "
                "high) scales all alike, as (0, 4095) for 12 bits"
            )
        if kind == "colours":
            how = "read by their upper 8 bits"
        if kind not in facts.said:
            facts.said.add(kind)
            logger.warning("%s, have more than 8 bits: they are %s", where, how)


def check_leaks(facts: Facts) -> None:
    """Check that no image is trained on that judges, under whatever name."""
    if facts.on_all_folds:
        return
    chosen = facts.chosen
    names = chosen.images.file_names
    files = dict(zip(names, find_images(facts.images("train"), names).paths, strict=True))
    assert_no_leak(facts.split, facts.fold, files, files, chosen.source)


def check_pseudo_labels(facts: Facts) -> None:
    """Check that pseudo-labels are of models that did not see what judges."""
    pseudo_labels_for(facts.train.source, facts.split.hash, facts.fold)


def is_upright(config: Any, part: str) -> bool:
    """Return whether the loader of a part turns photographs as EXIF says, as MMCV's does."""
    loaders = [
        each
        for each in dicts_below(config.get(f"{part}_dataloader"))
        if name_of(each) == "LoadImageFromFile"
    ]
    return not any(
        each.get("color_type") in _STORED_COLORS or each.get("imdecode_backend") in _STORED_BACKENDS
        for each in loaders
    )


def warn_of_other_val_labels(split: Split, fold: int, judged: GroundTruth) -> None:
    """Say it where val images are judged by other boxes than were sealed: on purpose only."""
    if changed := changed_val_images(split, fold, judged):
        logger.warning(
            "%s: %d val images of fold %d have other boxes than split %s was sealed with, the "
            "first is %s; the score is not comparable with earlier ones. Set "
            "`competition.val_ann` to the sealed file, or score runs under both: "
            "tools/labels.py score",
            judged.source, len(changed), fold, split.folder, changed[0],
        )  # fmt: skip


def check_classes(gt: GroundTruth, classes: list[str], remedy: str = "correct the config") -> None:
    """Refuse a config whose classes are not those of the annotations, in their order.

    Args:
        gt: The annotations.
        classes: The config's.
        remedy: What to do; a trained model's classes cannot be corrected in its config.
    """
    if list(gt.categories.names) != classes:
        raise PodiumError(
            f"`competition.classes` must be the categories of {gt.source}, "
            f"{list(gt.categories.names)}, but is {classes}; {remedy}"
        )


def check_image_files(images: Images, folder: Path) -> None:
    """Refuse to start where image files are missing; the first is named."""
    if missing := find_images(folder, images.file_names).missing:
        raise PodiumError(
            f"{images.source}: every image must be a file below {folder}, but {len(missing)} of "
            f"{len(images)} are missing, the first is {folder / missing[0]}; is --data-root right? "
            "Where images have a folder of their own, competition.train_images, val_images and "
            "test_images name it"
        )
