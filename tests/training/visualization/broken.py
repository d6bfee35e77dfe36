"""Tracking backends that do harm, registered for tests."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from mmengine.registry import VISBACKENDS
from mmengine.visualization import BaseVisBackend

from custom.training.visualization.guarded import GuardedBackend


class _Plain(BaseVisBackend):
    """What a broken backend is built on; it records nothing."""

    experiment = None

    def _init_env(self) -> None:
        pass

    def harm(self) -> None:
        raise NotImplementedError

    def add_config(self, *args: Any, **kwargs: Any) -> None:
        self.harm()

    add_scalars = add_config


@VISBACKENDS.register_module()
class DrawingBackend(GuardedBackend, _Plain):
    """Draws from every generator whenever it is asked for anything."""

    calls = 0

    def harm(self) -> None:
        type(self).calls += 1
        random.random(), np.random.rand(), torch.rand(3)

    def _add_facts(self, *args: Any) -> None:
        self.harm()

    _add_pictures = _add_curves = _add_results = _add_files = _finish = _add_facts


@VISBACKENDS.register_module()
class RaisingBackend(GuardedBackend, _Plain):
    """Takes the config and the facts, then fails."""

    def harm(self) -> None:
        raise ConnectionError("the service died")

    def add_config(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _add_facts(self, *args: Any) -> None:
        pass
