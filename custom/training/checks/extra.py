"""Extra data is fit to be trained on: its classes, its images, and none of them judges."""

from __future__ import annotations

import logging

from custom.errors import PodiumError
from custom.splits import assert_no_val_content
from custom.splits.headers import check_headers
from custom.splits.make import refuse_only_crowds
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth
from custom.training.checks.data import check_image_files, is_upright
from custom.training.checks.facts import Facts
from custom.training.extra_data import extra_data

logger = logging.getLogger(__name__)


def check_extra_data(facts: Facts) -> None:
    """Check each extra file: classes by name, images there and readable, no val image in it."""
    for extra in extra_data(facts.config):
        if not extra.ann_file.is_file():
            raise PodiumError(
                f"competition.extra_train must name annotation files, as paths from "
                f"competition.data_root or absolute, but there is no {extra.ann_file}"
            )
        gt = read_ground_truth(extra.ann_file)
        check_extra_classes(gt, list(facts.competition.classes))
        if gt.num_boxes == 0:
            raise PodiumError(f"{gt.source} must have boxes to learn from, but has none")
        refuse_only_crowds(gt)
        check_image_files(gt.images, extra.images)
        check_headers(extra.images, gt.images, is_upright(facts.config, "train"))
        files = {name: extra.images / name for name in gt.images.file_names}
        if not facts.on_all_folds:
            assert_no_val_content(facts.split, facts.fold, files, gt.source)


def check_extra_classes(gt: GroundTruth, classes: list[str]) -> None:
    """Refuse boxes of classes that the competition has not; say which classes are lacking."""
    names = gt.categories.names
    found = {names[label] for label in set(gt.labels.tolist())}
    if unknown := sorted(found - set(classes)):
        raise PodiumError(
            f"{gt.source}: the classes of extra data are matched by name and must be among "
            f"{classes}, but it has boxes of {unknown[0]!r}; rename or remove them"
        )
    if lacking := [name for name in classes if name not in found]:
        logger.warning(
            "%s has no boxes of %s: where its images show such objects, they are trained on as "
            "background", gt.source, ", ".join(lacking),
        )  # fmt: skip
