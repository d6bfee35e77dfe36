"""Gallery: the images and boxes that cost most, to be looked at."""

from __future__ import annotations

from typing import Any

from custom.evaluation.errors import ERROR_NAMES
from custom.review.compute.entries import Entries, all_entries, images_to_picture, worst_entries
from custom.review.draw.drawn import (
    IMAGES_A_CHUNK,
    detection_chunks,
    drawn_detections,
    entries_record,
    first_score,
    truth_chunks,
)
from custom.review.draw.error_types import ERROR_TEXTS
from custom.review.draw.site import Site
from custom.review.draw.thumbnails import FOLDER, make_pictures
from custom.review.inputs import Review

TITLE = "Gallery"
FILE = "gallery.html"
ASSETS = (
    "picture.css", "picture.js",
    "gallery.css", "gallery.data.js", "gallery.grid.js", "gallery.view.js", "gallery.js",
)  # fmt: skip
# At 1024x1024 260 kB and 25 ms each; images beyond show their boxes on an empty ground.
PICTURES_AT_MOST = 1500


def write(review: Review, site: Site) -> None:
    """Write the page, its data and its pictures."""
    gt = review.gt
    lists = [all_entries(gt, analysis.errors) for analysis in review.analyses]
    pictures = _pictures(review, site, lists)
    models = [_write_model(review, site, k, entries) for k, entries in enumerate(lists)]
    for number, chunk in enumerate(truth_chunks(gt)):
        site.write_data(f"data/gallery-truth-{number}.js", f"galleryTruth_{number}", chunk)
    site.write_data("data/gallery.js", "gallery", _facts(review, models, pictures))
    for name in ASSETS:
        site.copy_asset(name)
    site.write_page(
        FILE, "gallery.html", TITLE,
        models=review.models, classes=gt.categories.names, kinds=list(ERROR_NAMES.values()),
        first_model=review.final, num_images=len(gt.images), num_pictures=len(pictures),
    )  # fmt: skip


def _pictures(review: Review, site: Site, lists: list[Entries]) -> dict[int, str]:
    if review.images_dir is None:
        return {}
    images = review.gt.images
    chosen = images_to_picture(lists, len(images), PICTURES_AT_MOST)
    return make_pictures(
        site.folder, review.images_dir, images, chosen.tolist(), site.cache, depth=review.depth
    )


def _write_model(review: Review, site: Site, k: int, entries: Entries) -> dict[str, Any]:
    """Write the errors and detections of one model; return what is said of it at once."""
    gt, report = review.gt, review.analyses[k].errors
    drawn = drawn_detections(report)
    worst = worst_entries(entries)
    record = entries_record(worst, gt, drawn)
    site.write_data(f"data/gallery-errors-{k}.js", f"galleryErrors_{k}", record)
    for number, chunk in enumerate(detection_chunks(gt, report)):
        site.write_data(f"data/gallery-boxes-{k}-{number}.js", f"galleryBoxes_{k}_{number}", chunk)
    return {
        "name": review.models[k].name,
        "total": len(entries),
        "listed": len(worst),
        "score": first_score(gt.num_boxes, report.predictions.scores[drawn.mask]),
    }


def _facts(
    review: Review, models: list[dict[str, Any]], pictures: dict[int, str]
) -> dict[str, Any]:
    images = review.gt.images
    return {
        "classes": review.gt.categories.names,
        "kinds": ["hit", *ERROR_NAMES.values()],
        "kindTexts": ["hit", *(ERROR_TEXTS[kind].one for kind in ERROR_NAMES.values())],
        "chunk": IMAGES_A_CHUNK,
        "folder": FOLDER,
        "models": models,
        "first": review.final,
        "names": images.file_names,
        "sizes": images.sizes_hw[:, ::-1].tolist(),
        "pictures": [pictures.get(index) for index in range(len(images))],
    }
