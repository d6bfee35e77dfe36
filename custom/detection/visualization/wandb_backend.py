"""Weights & Biases as a guest: it records what it can, and never stops a run."""

from __future__ import annotations

import logging
import os
from netrc import NetrcParseError, netrc
from typing import Any

from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import WandbVisBackend

logger = logging.getLogger(__name__)

WANDB_HOST = "api.wandb.ai"
# wandb's own default is 90 s, which a training would spend waiting for a network that is not there.
INIT_TIMEOUT_S = 20


@VISBACKENDS.register_module()
class GuardedWandbBackend(WandbVisBackend):
    """MMEngine's wandb backend, offline without a key or a network, silent where it fails.

    What was recorded offline lies in the run's folder, and `wandb sync` sends it later.

    Args:
        save_dir: Where wandb keeps its files.
        init_kwargs: Arguments of `wandb.init`; `mode` is chosen here unless it is given.
        **kwargs: As in mmengine's `WandbVisBackend`.
    """

    def __init__(
        self, save_dir: str, init_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(save_dir, dict(init_kwargs or {}), **kwargs)
        self._given_up = False

    def _init_env(self) -> None:
        """Start a wandb run: online with a key, else, or where that fails, offline."""
        import wandb

        self._init_kwargs.setdefault("mode", choose_mode())
        self._init_kwargs.setdefault("settings", wandb.Settings(init_timeout=INIT_TIMEOUT_S))
        try:
            super()._init_env()
        except (wandb.Error, OSError) as error:
            if self._init_kwargs["mode"] != "online":
                raise
            logger.warning("wandb cannot be reached (%s); recording offline", error)
            self._init_kwargs["mode"] = "offline"
            super()._init_env()

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Record the config; the code itself is not uploaded."""
        self._guard(lambda: self.experiment.config.update(config.to_dict()))

    def add_graph(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: watching gradients costs more than it shows here."""

    def add_image(self, *args: Any, **kwargs: Any) -> None:
        """Record an image, RGB, shape (H, W, 3)."""
        self._guard(lambda: super(GuardedWandbBackend, self).add_image(*args, **kwargs))

    def add_scalar(self, *args: Any, **kwargs: Any) -> None:
        """Record one number."""
        self._guard(lambda: super(GuardedWandbBackend, self).add_scalar(*args, **kwargs))

    def add_scalars(self, *args: Any, **kwargs: Any) -> None:
        """Record several numbers of one step."""
        self._guard(lambda: super(GuardedWandbBackend, self).add_scalars(*args, **kwargs))

    def close(self) -> None:
        """End the wandb run."""
        if hasattr(self, "_wandb"):
            self._guard(self._wandb.finish)

    def _guard(self, act: Any) -> None:
        """Do something with wandb; its first failure is logged, and it is left alone from then."""
        if self._given_up:
            return
        try:
            act()
        except Exception as error:  # wandb raises what its services do; none may stop a training
            self._given_up = True
            logger.warning("wandb failed and is left alone for the rest of the run: %s", error)


def choose_mode() -> str:
    """Return what WANDB_MODE says, else "online" where there is a key and "offline" elsewhere."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    if os.environ.get("WANDB_API_KEY"):
        return "online"
    try:
        return "online" if netrc().authenticators(WANDB_HOST) else "offline"
    except (OSError, NetrcParseError):
        return "offline"
