"""The hooks that every training has, whatever `default_hooks` its config takes."""

from __future__ import annotations

from mmengine.config import Config, ConfigDict

_OWN = {"best": "BestHook", "shared_buffers": "SharedBuffersHook", "divergence": "DivergenceHook"}


def add_own_hooks(config: Config) -> Config:
    """Add the hooks that keep the best weights, and that keep them sound; `config` is changed.

    `BestHook` takes over what `default_hooks.checkpoint` says about the best weights, which the
    checks before a training have found to be what is published.
    """
    hooks = config.setdefault("default_hooks", ConfigDict())
    for name, kind in _OWN.items():
        hooks.setdefault(name, ConfigDict(type=kind))
    if hooks.get("checkpoint"):
        hooks.checkpoint.update(save_best=None, rule=None)
    return config
