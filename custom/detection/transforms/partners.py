"""MMDetection's mixing transforms without a data set around the data set."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform
from mmdet.datasets.transforms import Mosaic
from mmdet.registry import TRANSFORMS

from custom.detection.transforms.boxes import partner_of, sample_rng
from custom.errors import PodiumError

# How many other images each of MMDetection's mixing transforms takes.
PARTNERS = {"Mosaic": 3, "MixUp": 1, "CopyPaste": 1}


@TRANSFORMS.register_module()
class SeededMosaic(Mosaic):
    """MMDetection's `Mosaic`, which finds its three other images by itself.

    The canvas is twice `img_scale`; follow it with `RandomAffine` and a negative border, or
    with `Resize`. It needs no `MultiImageMixDataset`, whose own pipeline escapes the seed.

    Required Keys:

    - img, gt_bboxes, gt_bboxes_labels, gt_ignore_flags
    - sample_source (of CompetitionDataset)

    Modified Keys:

    - img, img_shape, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Args: as in MMDetection's `Mosaic`.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Put `results["img"]` and three others around a random centre."""
        return _with_partners(super().transform, results, PARTNERS["Mosaic"], "SeededMosaic")


@TRANSFORMS.register_module()
class WithPartners(BaseTransform):
    """Apply one of MMDetection's `MixUp`, `Mosaic` or `CopyPaste` with images it finds itself.

    Required, Modified and Added Keys: those of the transform, and `sample_source`.

    Args:
        transform: Config of the transform.
        prob: Probability of applying it.
    """

    def __init__(self, transform: dict[str, Any], prob: float = 1.0) -> None:
        kind = transform.get("type")
        if kind not in PARTNERS:
            raise PodiumError(f"transform must be one of {', '.join(PARTNERS)}, but is {kind}")
        self.inner, self.prob, self.kind = TRANSFORMS.build(transform), prob, str(kind)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mix `results` with other samples."""
        if sample_rng().random() >= self.prob:
            return results
        return _with_partners(self.inner.transform, results, PARTNERS[self.kind], self.kind)


def _with_partners(mix: Any, results: dict[str, Any], count: int, name: str) -> dict[str, Any]:
    """Return `mix(results)`, with `count` other samples where MMDetection looks for them."""
    source = partner_of(results, name)
    results["mix_results"] = [source.draw() for _ in range(count)]
    mixed = mix(results)
    mixed.pop("mix_results", None)
    return mixed
