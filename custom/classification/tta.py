"""Test-time augmentation of classifiers: the mean of an image's and its mirror image's scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseTTAModel

from custom.classification.transforms.regions import exchanged, is_mirrored
from custom.errors import PodiumError


@MODELS.register_module()
class MeanTTA(BaseTTAModel):
    """Average the probabilities of all views.

    Args:
        flip_pairs: Pairs of labels that a mirrored image exchanges.
        sided: Names of classes that a mirror image would change into nothing that is known.
        **kwargs: As in MMEngine's `BaseTTAModel`.

    Raises:
        PodiumError: If there are such classes.
    """

    def __init__(
        self,
        flip_pairs: Sequence[tuple[int, int]] = (),
        sided: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        if sided:
            raise PodiumError(refusal(sided))
        super().__init__(**kwargs)
        self.flip_pairs = [tuple(pair) for pair in flip_pairs]

    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the first view of each image, with the mean scores of all."""
        return [self._merged(views) for views in data_samples_list]

    def _merged(self, views: Sequence[Any]) -> Any:
        first = views[0]
        num_classes = first.gt_instances.targets.shape[1]
        scores = [self._scores(view, num_classes) for view in views]
        first.pred_instances.scores = torch.stack(scores).mean(dim=0)
        return first

    def _scores(self, view: Any, num_classes: int) -> torch.Tensor:
        scores = view.pred_instances.scores
        if not is_mirrored(view.metainfo):
            return scores
        return exchanged(scores.view(-1, num_classes), self.flip_pairs).flatten()


def refusal(sided: Sequence[str]) -> str:
    """Return why mirror images are no use where left and right decide."""
    return (
        f"left and right decide what {', '.join(sided)} is, which mirror images would have wrong; "
        'tell what it becomes in competition.flip_pairs = [("NAME", "ITS_MIRROR_IMAGE")], or '
        "train without RandomFlip and predict without --tta"
    )


def flip_pipeline(test_pipeline: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a test pipeline that gives each image as it is, and mirrored.

    Args:
        test_pipeline: Ends with `PackRegions`.
    """
    *before, pack = map(dict, test_pipeline)
    flips = [{"type": "RandomFlip", "prob": prob} for prob in (0.0, 1.0)]
    return [*before, {"type": "TestTimeAug", "transforms": [flips, [pack]]}]
