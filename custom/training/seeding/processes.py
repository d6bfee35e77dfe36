"""Several training processes that begin together, also on machines without CUDA."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.distributed as dist
from mmengine.config import Config, ConfigDict
from mmengine.dist import broadcast_object_list, init_dist

Value = TypeVar("Value")


def join_processes(cfg: Config) -> Config:
    """Join the processes that `--launcher` names, before anything is written.

    MMEngine joins them when it makes its runner; until then each would take itself for the main
    one. With launcher "none" nothing is done.

    Args:
        cfg: The config; on the CPU its `model_wrapper_cfg` is completed in place.
    """
    join_processes_on_cpu(cfg)
    launcher = cfg.get("launcher", "none")
    if launcher != "none" and not dist.is_initialized():
        init_dist(launcher, **cfg.get("env_cfg", {}).get("dist_cfg", {}))
    return cfg


def join_processes_on_cpu(cfg: Config) -> Config:
    """Join the processes of `--launcher pytorch` by gloo where there is no CUDA.

    MMEngine sets a CUDA device for each process and hands it to the model's wrapper, and so
    fails on the CPU. Elsewhere, or with launcher "none", nothing is done.

    Args:
        cfg: The config; on the CPU its `model_wrapper_cfg` is completed in place.
    """
    if cfg.get("launcher", "none") != "pytorch" or torch.cuda.is_available():
        return cfg
    if not dist.is_initialized():
        dist.init_process_group("gloo")
    wrapper = cfg.setdefault("model_wrapper_cfg", ConfigDict())
    wrapper.setdefault("type", "MMDistributedDataParallel")
    wrapper.setdefault("broadcast_buffers", False)
    wrapper["device_ids"] = None
    return cfg


def agreed(value: Value) -> Value:
    """Return the main process's `value` in every process; alone, the process's own."""
    values = [value]
    broadcast_object_list(values)
    return values[0]
