"""What is fused: aligned, admitted by the checker's rules, repaired by name; once, on entering."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import (
    FusionResult,
    above_threshold,
    fuse_prepared,
    fuse_tables,
    notes_on,
)
from custom.errors import PodiumError
from custom.submission.admit import admit, admit_together
from custom.tables import Categories, Images, Predictions
from custom.typed_json import from_json

if TYPE_CHECKING:
    from custom.ensemble.recipe import Recipe

logger = logging.getLogger(__name__)

# The highest threshold in use for a detector's own NMS (0.5 to 0.7). Six real files of detectors
# with NMS have not one duplicate by it.
DUPLICATE_IOU = 0.7
# Detectors cut their boxes off at the image's edge after NMS, which brings a few of them (YOLOX on
# drawn scenes: 1% to 2%) above the threshold again. Above this, the model does not suppress.
MAX_RATE = 0.05
# How many images the guard looks at; the rate is of the model, not of single images.
SAMPLE = 200


@dataclass(frozen=True)
class Repairs:
    """What may be done to boxes that are not right, each only where it is asked for by name.

    Attributes:
        clip: Limit boxes to their images however far they leave them.
        drop_degenerate: Leave out boxes with x2 <= x1 or y2 <= y1.
        dedupe: Leave out boxes that repeat a better one of the same model.
        max_repaired: The largest share of a file's boxes that the first two may touch; None: 2%,
            and none where the numbers fit as another kind of box.
    """

    clip: bool = False
    drop_degenerate: bool = False
    dedupe: bool = False
    max_repaired: float | None = None

    def apply(
        self,
        models: Sequence[Predictions],
        images: Images,
        format_name: str = "trash",
        categories: Categories | None = None,
        shares: FloatArray | None = None,
    ) -> tuple[list[Predictions], list[str]]:
        """Return what `prepare` returns, with these repairs."""
        return prepare(
            models,
            images,
            self.clip,
            self.drop_degenerate,
            self.dedupe,
            self.max_repaired,
            format_name,
            categories,
            shares,
        )

    def with_those_of(self, recipe: Recipe) -> Repairs:
        """Return these and the repairs that the recipe was searched with."""
        searched = from_json(
            Repairs, recipe.search.get("repairs", {}), "the recipe: search.repairs"
        )
        largest = [r.max_repaired for r in (self, searched) if r.max_repaired is not None]
        return Repairs(
            self.clip or searched.clip,
            self.drop_degenerate or searched.drop_degenerate,
            self.dedupe or searched.dedupe,
            max(largest, default=None),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the repairs as files keep them; the largest share only where one was set."""
        content = asdict(self)
        if self.max_repaired is None:
            del content["max_repaired"]
        return content


def prepare(
    models: Sequence[Predictions],
    images: Images,
    clip: bool = False,
    drop_degenerate: bool = False,
    dedupe: bool = False,
    max_repaired: float | None = None,
    format_name: str = "trash",
    categories: Categories | None = None,
    shares: FloatArray | None = None,
) -> tuple[list[Predictions], list[str]]:
    """Return the models' tables, aligned to `images` by id and admitted, and what was changed.

    An image that a model found nothing on stays in its table.

    Args:
        models: One table per model, each with exactly the images of `images`, in any order.
        images: The images, with sizes; a size of 0 is unknown, and nothing is outside of it.
        clip: See `Repairs`, as for the next three.
        drop_degenerate: See there.
        dedupe: See there.
        max_repaired: See there.
        format_name: Of CSV files.
        categories: The classes.
        shares: Each class's share of the annotated boxes, shape (C,), where they are known.

    Raises:
        PodiumError: If a model's images are not those of `images`, or as `admit` and
            `admit_together` say; the message names the file.
    """
    if not models:
        raise PodiumError("there must be at least one model to fuse, but there is none")
    notes: list[str] = []
    if len(images) and not images.sizes_hw.all():
        notes.append("image sizes are unknown: boxes outside their images were not looked for")
    prepared = []
    for position, model in enumerate(models):
        name = model.source or f"model {position + 1}"
        given = (format_name, clip, drop_degenerate, max_repaired)
        table, changes = admit(_align(model, images, name), images, *given)
        prepared.append(table)
        notes += changes
    notes += admit_together(prepared, images, categories, shares)
    if dedupe:
        prepared = [_without_duplicates(table, notes) for table in prepared]
    return prepared, notes


def _align(model: Predictions, images: Images, name: str) -> Predictions:
    """Return the table in the order of `images`, which it must match as a set."""
    if not model.source:
        model = replace(model, source=name)
    if np.array_equal(model.image_ids, images.ids):
        return model
    extra = np.setdiff1d(model.image_ids, images.ids)
    if len(extra):
        raise PodiumError(
            f"{name} must cover the {len(images)} images of {images.source or 'the list'} and no "
            f"others, but has {len(extra)} others, the first with id {extra[0]}; models can only "
            "be fused on the same images"
        )
    return model.aligned_to(images.ids)


def _without_duplicates(table: Predictions, notes: list[str]) -> Predictions:
    """Return the table without the model's own duplicates, counted in a note."""
    kept = dedupe(table)
    if gone := table.num_boxes - kept.num_boxes:
        notes.append(f"{table.source}: {gone} duplicates of {table.num_boxes} boxes were dropped")
    return kept


def dedupe(predictions: Predictions, iou_thr: float = DUPLICATE_IOU) -> Predictions:
    """Return the table without boxes that repeat a better one of their class on their image.

    Boxes and scores that stay are unchanged; within an image they stand by label, then score.
    """
    # Sizes of 1: overlaps are then decided in pixels, which need no image size.
    unit = np.ones((predictions.num_images, 2), np.int64)
    config = FusionConfig(method="nms", iou_thr=iou_thr, skip_box_thr=0.0)
    kept = fuse_tables([predictions], unit, config, (1.0,))
    return replace(kept, source=predictions.source)


def duplicate_rate(predictions: Predictions, iou_thr: float = DUPLICATE_IOU) -> float:
    """Return which share of the boxes repeats a better one of the same class; 0 for no boxes."""
    if predictions.num_boxes == 0:
        return 0.0
    return 1.0 - dedupe(predictions, iou_thr).num_boxes / predictions.num_boxes


def find_duplicating(models: Sequence[Predictions], config: FusionConfig) -> list[str]:
    """Return a sentence on each model whose duplicates would lower what WBF makes of it.

    Only boxes that reach `skip_box_thr` are looked at, on up to `SAMPLE` images, evenly spread.
    Nothing is said where duplicates do no harm: NMS and NMW remove them, and `max` ignores them.
    """
    if config.method != "wbf" or config.conf_type == "max":
        return []
    found = []
    for position, model in enumerate(models):
        if config.weights is not None and config.weights[position] == 0.0:
            continue  # left out of the fusion
        step = -(-model.num_images // SAMPLE) or 1
        sample = model.take(np.arange(0, model.num_images, step))
        rate = duplicate_rate(sample.keep(sample.scores >= config.skip_box_thr))
        if rate > MAX_RATE:
            found.append(
                f"{model.source or f'model {position + 1}'} does not suppress its own duplicates: "
                f"{rate:.0%} of its boxes repeat a better one of their class, and WBF takes the "
                "mean of their scores; use --dedupe, --conf-type max or a higher --skip-box-thr"
            )
    return found


def fuse(models: Sequence[Predictions], images: Images, config: FusionConfig) -> Predictions:
    """Fuse tables after checking them; notes go to the log. See `fuse_with_notes`."""
    result = fuse_with_notes(models, images, config)
    for note in result.notes:
        logger.warning("%s", note)
    return result.predictions


def fuse_with_notes(
    models: Sequence[Predictions],
    images: Images,
    config: FusionConfig,
    clip: bool = False,
    drop_degenerate: bool = False,
    dedupe: bool = False,
) -> FusionResult:
    """Check tables and fuse them.

    Boxes of WBF and NMW are ordered by falling score in each image, those of the NMS family by
    label and then by the score that decided.

    Args:
        models: One table per model, on exactly the images of `images`, in any order.
        images: The images, with sizes.
        config: The method and its parameters.
        clip: Limit boxes to their images however far they leave them.
        drop_degenerate: Leave out boxes with x2 <= x1 or y2 <= y1.
        dedupe: Leave out boxes that repeat a better one of the same model.

    Raises:
        PodiumError: If tables, images and weights do not fit, or a box is wrong.
    """
    config.weights_for(len(models))
    prepared, notes = prepare(models, images, clip, drop_degenerate, dedupe)
    notes += find_duplicating(prepared, config)
    uncut = fuse_prepared(prepared, images.sizes_hw, replace(config, final_score_thr=0.0))
    fused, cut = above_threshold(uncut, config.final_score_thr)
    return FusionResult(fused, (*notes, *cut, *notes_on(uncut, config, len(models))))
