"""Worst labels: by head, the images and regions that the model is surest about and wrong."""

from __future__ import annotations

from dataclasses import dataclass

from custom.review.compute.worst import WorstLabel, worst_labels
from custom.review.draw.pages.overview import by_rising_ap
from custom.review.draw.site import Site
from custom.review.draw.thumbnails import FOLDER, make_pictures, names_of
from custom.review.inputs import Review

TITLE = "Worst"
FILE = "worst.html"


@dataclass(frozen=True)
class Card:
    """A label as it is shown: its picture, its box in percent of it, its name and score."""

    picture: str | None
    name: str
    score: float
    box: tuple[float, float, float, float]
    ratio: float


@dataclass(frozen=True)
class Panel:
    """What is shown of one class."""

    name: str
    negatives: list[Card]
    positives: list[Card]


def write(review: Review, site: Site) -> None:
    """Write the page and its pictures."""
    analysis = review.analyses[review.final]
    order = by_rising_ap(review).tolist()
    lists = [worst_labels(analysis.unthresholded, analysis.predictions, label) for label in order]
    images = sorted({each.image for pair in lists for part in pair for each in part})
    pictures: dict[int, str] = {}
    if review.images_dir is not None:
        pictures = make_pictures(
            site.folder, review.images_dir, review.gt.images, images, site.cache, depth=review.depth
        )
    panels = [
        Panel(review.gt.categories.names[label], *(_cards(review, part, pictures) for part in pair))
        for label, pair in zip(order, lists, strict=True)
    ]
    site.copy_asset("worst.css")
    site.write_page(
        FILE, "worst.html", TITLE,
        panels=panels, model=review.models[review.final].name, has_pictures=bool(pictures),
    )  # fmt: skip


def _cards(review: Review, labels: list[WorstLabel], pictures: dict[int, str]) -> list[Card]:
    images = review.gt.images
    cards = []
    for each in labels:
        height, width = images.sizes_hw[each.image].tolist()
        x1, y1, x2, y2 = each.bbox
        box = (100 * x1 / width, 100 * y1 / height, 100 * (x2 - x1) / width,
               100 * (y2 - y1) / height)  # fmt: skip
        key = pictures.get(each.image)
        picture = None if key is None else f"{FOLDER}/{names_of(key)[0]}"
        cards.append(Card(picture, images.file_names[each.image], each.score, box, width / height))
    return cards
