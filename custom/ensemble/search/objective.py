"""What a fusion scores: on all val images, on all but one part of them, and on that part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.checks import prepare
from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import fuse_prepared
from custom.ensemble.hashes import table_hash
from custom.errors import PodiumError
from custom.evaluation import Matches, match_for, score_matches
from custom.files import canonical_hash
from custom.tables import GroundTruth, Predictions

ALL = 0  # the row of an outcome that rests on all images


def make_parts(num_images: int, num_parts: int, seed: int) -> tuple[IntArray, ...]:
    """Return positions of images in `num_parts` random parts, each ascending.

    Raises:
        PodiumError: If there are not at least two parts, or fewer images than parts.
    """
    if not 2 <= num_parts <= num_images:
        raise PodiumError(
            f"parts must be between 2 and the {num_images} images, but are {num_parts}"
        )
    shuffled = np.random.default_rng(seed).permutation(num_images)
    return tuple(np.sort(part) for part in np.array_split(shuffled, num_parts))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one fusion scores.

    Attributes:
        per_class: Shape (1 + 2k, C): on all images, then without each of the k parts, then on
            each part; NaN for a class without boxes there.
    """

    per_class: FloatArray

    @property
    def values(self) -> FloatArray:
        """The means over the classes that have boxes, shape (1 + 2k,)."""
        known = ~np.isnan(self.per_class)
        sums = np.where(known, self.per_class, 0.0).sum(axis=1)
        counts = known.sum(axis=1)
        return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


class Objective:
    """Scores fusions of some models on labelled images; each only once.

    Attributes:
        models: The tables, checked and aligned to `gt`.
        gt: The labelled images.
        parts: Positions of the images in k parts.
        metric: A name in `custom.evaluation.METRICS`.
    """

    def __init__(
        self,
        models: Sequence[Predictions],
        gt: GroundTruth,
        parts: Sequence[IntArray],
        metric: str = "AP50",
    ) -> None:
        self.models, _ = prepare(models, gt.images)
        self.gt, self.parts, self.metric = gt, tuple(parts), metric
        self._weights = self._image_weights()
        self._outcomes: dict[FusionConfig, Outcome] = {}

    @property
    def num_models(self) -> int:
        """How many models there are."""
        return len(self.models)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the models, the boxes and the images they are scored on."""
        gt = self.gt
        crowd = gt.iscrowd.astype(np.float64)  # in the place of scores
        boxes = Predictions(gt.images.ids, gt.offsets, gt.bboxes, crowd, gt.labels)
        return canonical_hash([table_hash(each) for each in (*self.models, boxes)])

    def without(self, part: int) -> int:
        """Return the row of an outcome that rests on all images but those of a part."""
        return 1 + part

    def on(self, part: int) -> int:
        """Return the row of an outcome that rests on the images of a part."""
        return 1 + len(self.parts) + part

    def fuse(self, config: FusionConfig) -> Predictions:
        """Fuse the models."""
        return fuse_prepared(self.models, self.gt.images.sizes_hw, config)

    def matches(self, config: FusionConfig) -> Matches:
        """Fuse the models and match the result, for a bootstrap."""
        return match_for(self.gt, self.fuse(config), self.metric)

    def outcome(self, config: FusionConfig) -> Outcome:
        """Return what a fusion scores; matching is done once, parts only weight the images."""
        if config not in self._outcomes:
            matches = self.matches(config)
            rows = [score_matches(matches, self.metric, row).per_class for row in self._weights]
            self._outcomes[config] = Outcome(np.stack(rows))
        return self._outcomes[config]

    def value(self, config: FusionConfig, row: int) -> float:
        """Return one score of a fusion; minus infinity where nothing can be scored."""
        value = float(self.outcome(config).values[row])
        return value if np.isfinite(value) else float("-inf")

    def _image_weights(self) -> IntArray:
        """Return, shape (1 + 2k, I), which images each row of an outcome rests on."""
        inside = np.zeros((len(self.parts), len(self.gt.images)), np.int64)
        for part, positions in zip(inside, self.parts, strict=True):
            part[positions] = 1
        return np.concatenate([np.ones((1, inside.shape[1]), np.int64), 1 - inside, inside])
