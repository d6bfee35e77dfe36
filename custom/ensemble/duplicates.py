"""Models that do not suppress their own duplicates, which wreck WBF: found, named, mended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.ensemble.config import FusionConfig
from custom.tables import Predictions

# The highest threshold in use for a detector's own NMS (0.5 to 0.7). Six real files of detectors
# with NMS have not one duplicate by it.
DUPLICATE_IOU = 0.7
# Detectors cut their boxes off at the image's edge after NMS, which brings a few of them (YOLOX on
# drawn scenes: 1% to 2%) above the threshold again. Above this, the model does not suppress.
MAX_RATE = 0.05
# How many images the guard looks at; the rate is of the model, not of single images.
SAMPLE = 200


def dedupe(predictions: Predictions, iou_thr: float = DUPLICATE_IOU) -> Predictions:
    """Return the table without boxes that repeat a better one of their class on their image.

    Boxes and scores that stay are unchanged; within an image they stand by label, then score.
    """
    from custom.ensemble.engine import fuse_tables

    # Sizes of 1: overlaps are then decided in pixels, which need no image size.
    unit = np.ones((predictions.num_images, 2), np.int64)
    config = FusionConfig(method="nms", iou_thr=iou_thr, skip_box_thr=0.0)
    kept = fuse_tables([predictions], unit, config)
    return Predictions(
        kept.image_ids, kept.offsets, kept.bboxes, kept.scores, kept.labels, predictions.source
    )


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
    for position, weight in enumerate(config.weights_for(len(models))):
        if weight == 0.0:
            continue  # left out of the fusion
        model = models[position]
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
