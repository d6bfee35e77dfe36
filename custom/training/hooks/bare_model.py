"""The model itself, where several processes wrap it."""

from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def bare_model(runner: Runner) -> nn.Module:
    """Return the runner's model without the wrapper that joins processes."""
    wrapped: Any = runner.model
    model: nn.Module = wrapped.module if is_model_wrapper(wrapped) else wrapped
    return model
