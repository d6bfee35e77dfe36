"""Tables written out by hand, and a seeded grid of crowded ones with ties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.tables import Images, Predictions

SIDE = 1024  # pixels; a power of two, so that parts of the image are exact
Row = tuple[int, float, float, float, float, float, int]  # image, x1, y1, x2, y2, score, label


def images_of(count: int, height: int = SIDE, width: int = SIDE) -> Images:
    names = tuple(f"{index:04}.jpg" for index in range(count))
    return Images(np.arange(count) + 10, names, np.tile([height, width], (count, 1)), "test.json")


def table(images: Images, rows: Sequence[Row], source: str = "a.json") -> Predictions:
    values = np.array(rows, dtype=np.float64).reshape(-1, 7)
    index, labels = values[:, 0].astype(np.int64), values[:, 6].astype(np.int64)
    return Predictions.from_rows(images.ids, index, values[:, 1:5], values[:, 5], labels, source)


def crowded(
    seed: int,
    num_models: int = 3,
    num_images: int = 30,
    ties: bool = True,
    size_hw: tuple[int, int] = (SIDE, SIDE),
    most: int = 14,
) -> tuple[list[Predictions], Images]:
    """Return tables whose boxes crowd around few places, on a grid of 8 pixels.

    So overlaps repeat and equal the thresholds at times; with `ties` scores are rounded to one
    digit. Every model leaves some images empty.
    """
    rng = np.random.default_rng(seed)
    images = images_of(num_images, *size_hw)
    corners = rng.integers(100, min(size_hw) - 130, (num_images, 4, 2))
    models = []
    for model in range(num_models):
        counts = rng.integers(0, most, num_images)
        counts[model::7] = 0
        index = np.repeat(np.arange(num_images), counts)
        place = corners[index, rng.integers(0, 4, len(index))]
        low = place + rng.integers(-3, 4, (len(index), 2)) * 8
        high = low + 64 + rng.integers(-2, 3, (len(index), 2)) * 8
        scores = rng.random(len(index)) * 0.9 + 0.1
        models.append(
            Predictions.from_rows(
                images.ids,
                index,
                np.concatenate([low, high], axis=1),
                scores.round(1) if ties else scores,
                rng.integers(0, 3, len(index)),
                f"model{model}.json",
            )
        )
    return models, images


def rows_of(predictions: Predictions, digits: int = 9) -> list[tuple[float, ...]]:
    """Return image position, box, score and label of every box, rounded and sorted."""
    columns = (predictions.image_index, predictions.bboxes, predictions.scores, predictions.labels)
    flat = np.column_stack(columns).round(digits)
    return sorted(map(tuple, flat.tolist()))
