"""Seeds derived from what a draw is for, and generators set to them for a while."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_seed(*parts: int | str) -> int:
    """Return a seed of 63 bits for `parts`; any other parts give an unrelated one.

    Adding the epoch to the seed would make epoch 1 of seed 42 the epoch 0 of seed 43.

    Example:
        >>> derive_seed(42, 0, 7) == derive_seed(42, 0, 7)
        True
        >>> derive_seed(42, 1, 7) == derive_seed(43, 0, 7)
        False
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def seed_generators(seed: int) -> None:
    """Seed `random`, `numpy.random` and torch's generators, of the CPU and of CUDA in use."""
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed `random`, `numpy.random` and torch's CPU generator; restore them afterwards."""
    states = random.getstate(), np.random.get_state(), torch.default_generator.get_state()
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.default_generator.set_state(states[2])


def set_everything(seed: int) -> None:
    """Seed all generators and ask torch for deterministic algorithms.

    On the CPU the same command then gives the same bits. Where CUDA has no deterministic
    algorithm for an operation, torch warns and goes on.
    """
    # cuBLAS reads it when CUDA starts; it is without effect on the CPU.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    seed_generators(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
