"""What is looked at before a training starts, so that it does not fail an hour later."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import barrier, is_main_process

from custom.errors import PodiumError
from custom.pseudo_labels import pseudo_labels_for
from custom.splits import Split, assert_no_leak, changed_val_images, read_split, select_part
from custom.tables import GroundTruth, Images
from custom.tables.coco import read_ground_truth
from custom.training.pretrained import pretrained_weights
from custom.training.weights import fetch, read_checkpoint

logger = logging.getLogger(__name__)


def check_before_training(config: Config) -> None:
    """Check data, split and weights of a resolved config.

    Raises:
        PodiumError: If classes differ from the data's, there is nothing to train or validate on,
            an image file is missing, an image would be trained on and judged, pseudo-labels are of
            models that saw what judges, or pretrained weights cannot be had.
    """
    check_device(config)
    competition = config.competition
    root = Path(competition.data_root)
    train = read_ground_truth(root / competition.train_ann)
    val = read_ground_truth(config.val_evaluator.ann_file)
    for gt in (train, val):
        check_classes(gt, list(competition.classes))
        if gt.num_boxes == 0:
            raise PodiumError(f"{gt.source} must have boxes to learn from, but has none")
    split = read_split(competition.split)
    chosen = train.take(select_part(split, competition.fold, "train", train.images))
    judged = val.take(select_part(split, competition.fold, "val", val.images))
    for part, gt in (("train", chosen), ("val", judged)):
        if gt.num_boxes == 0:
            raise PodiumError(
                f"{split.folder}: the {part} part of fold {competition.fold} is empty"
            )
        check_image_files(gt.images, root)
    warn_of_other_val_labels(split, competition.fold, judged)
    files = {name: root / name for name in chosen.images.file_names}
    assert_no_leak(split, competition.fold, files, files, chosen.source)
    pseudo_labels_for(train.source, split.hash, competition.fold)
    check_weights(config)


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


def check_device(config: Config) -> None:
    """Refuse mixed precision where MMEngine has none: without CUDA it ends in an assertion."""
    amp = config.get("optim_wrapper", {}).get("type") == "AmpOptimWrapper"
    if amp and not torch.cuda.is_available():
        raise PodiumError("--amp needs a CUDA device, but there is none; train without it")


def check_classes(gt: GroundTruth, classes: list[str]) -> None:
    """Refuse a config whose classes are not those of the annotations, in their order."""
    if list(gt.categories.names) != classes:
        raise PodiumError(
            f"`competition.classes` must be the categories of {gt.source}, "
            f"{list(gt.categories.names)}, but is {classes}; correct the config"
        )


def check_image_files(images: Images, root: Path) -> None:
    """Refuse to start where image files are missing; the first is named."""
    missing = [name for name in images.file_names if not (root / name).is_file()]
    if missing:
        raise PodiumError(
            f"{images.source}: every image must be a file below {root}, but {len(missing)} of "
            f"{len(images)} are missing, the first is {root / missing[0]}; is --data-root right?"
        )


def check_weights(config: Config) -> None:
    """Download pretrained weights that are not in torch's cache yet, and see that they can be read.

    Raises:
        PodiumError: With the ways out.
    """
    given = config.get("load_from")
    for checkpoint in [*pretrained_weights(config.model), *([given] if given else [])]:
        try:
            if is_main_process():
                fetch(checkpoint)
            barrier()
            read_checkpoint(checkpoint, map_location="meta")
        except PodiumError as error:
            raise PodiumError(
                f"{error}; or train from scratch with --no-pretrained, or from a file you have "
                "with --load-from FILE"
            ) from error
