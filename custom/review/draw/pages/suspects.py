"""Suspects: annotations that look wrong, accepted or rejected into a patch file."""

from __future__ import annotations

from custom.labels.suspects import KINDS
from custom.review.compute.proposals import (
    Proposals,
    annotations_hash,
    find_proposals,
    image_records,
    page_records,
    read_proposals,
    worst_proposals,
)
from custom.review.draw.site import Site
from custom.review.draw.thumbnails import FOLDER, make_pictures
from custom.review.inputs import Review

TITLE = "Suspects"
FILE = "suspects.html"
LIKELY = 0.5
ASSETS = ("picture.css", "picture.js", "suspects.css", "suspects.decisions.js", "suspects.js")


def write(review: Review, site: Site) -> None:
    """Write the page, its data and its pictures."""
    gt = review.gt
    proposals = proposals_of(review)
    shown = page_records(gt, worst_proposals(proposals.records))
    images = sorted({record["image"] for record in shown})
    pictures: dict[int, str] = {}
    if review.images_dir is not None:
        pictures = make_pictures(
            site.folder, review.images_dir, gt.images, images, site.cache, depth=review.depth
        )
    facts = {
        "hash": annotations_hash(gt),
        "folder": FOLDER,
        "suspects": shown,
        "images": image_records(gt, images),
        "pictures": pictures,
    }
    site.write_data("data/suspects.js", "suspects", facts)
    for name in ASSETS:
        site.copy_asset(name)
    site.write_page(
        FILE, "suspects.html", TITLE,
        num_shown=len(shown), num_found=len(proposals.records), proposals=proposals,
        num_likely=sum(record["score"] >= LIKELY for record in proposals.records),
        kinds=KINDS, classes=gt.categories.names, annotations=gt.source,
        has_pictures=bool(pictures),
    )  # fmt: skip


def proposals_of(review: Review) -> Proposals:
    """Return the suspects that the user gave, or those that the best predictions point to."""
    if review.suspects_file is not None:
        return read_proposals(review.suspects_file, review.gt)
    model = review.models[review.final]
    return find_proposals(review.gt, model.predictions, model.name)
