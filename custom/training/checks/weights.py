"""Pretrained weights are there, and can be read, before the training starts."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process

from custom.errors import PodiumError
from custom.training.pretrained import pretrained_weights
from custom.training.weights import fetch, read_checkpoint


def check_weights(config: Config) -> None:
    """Download pretrained weights that are not in torch's cache yet, and see that they can be read.

    Raises:
        PodiumError: With the ways out.
    """
    given = config.get("load_from")
    for checkpoint in [*pretrained_weights(config.model), *([given] if given else [])]:
        try:
            if is_main_process():
                fetch(checkpoint)
            barrier()
            read_checkpoint(checkpoint, map_location="meta")
        except PodiumError as error:
            raise PodiumError(
                f"{error}; or train from scratch with --no-pretrained, or from a file you have "
                "with --load-from FILE"
            ) from error
