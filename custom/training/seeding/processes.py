"""Several training processes on machines without CUDA, which MMEngine alone cannot start."""

from __future__ import annotations

import torch
import torch.distributed as dist
from mmengine.config import Config, ConfigDict


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
