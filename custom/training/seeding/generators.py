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
    """Seed `random`, `numpy.random` and torch's CPU generator; restore them afterwards.

    numpy's generator is exchanged, which is a tenth of the cost of copying its state; only the
    second half of a pair of normal draws that is waiting in it gets lost.
    """
    python, torch_state = random.getstate(), torch.default_generator.get_state()
    numpy_bits = np.random.get_bit_generator()  # type: ignore[attr-defined]
    random.seed(seed)
    np.random.set_bit_generator(np.random.MT19937(seed))  # type: ignore[attr-defined]
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_bit_generator(numpy_bits)  # type: ignore[attr-defined]
        torch.default_generator.set_state(torch_state)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave `random`, `numpy.random` and torch's CPU generator as they were before the block."""
    python, numpy_state = random.getstate(), np.random.get_state()
    torch_state = torch.default_generator.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)
        torch.default_generator.set_state(torch_state)


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
    # A debugging aid of that mode: every new tensor is filled, a tenth of a CPU iteration.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    seed_generators(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
