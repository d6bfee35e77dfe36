"""Soups: the weights of several trainings of one model averaged into one model."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from custom.errors import PodiumError
from custom.files import PathLike
from custom.training.saving import save_checkpoint
from custom.training.weights import read_checkpoint

logger = logging.getLogger(__name__)

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Soup:
    """An average of weights, and what is in it.

    Attributes:
        state: The averaged weights.
        members: The checkpoints that are in it.
        scores: Their own scores, then the soup's, where they were measured.
    """

    state: State
    members: tuple[Path, ...]
    scores: dict[str, float]


def read_state(path: PathLike) -> State:
    """Return the weights in a checkpoint.

    Raises:
        PodiumError: If it cannot be read or holds none.
    """
    checkpoint = read_checkpoint(path)
    if not checkpoint.get("state_dict"):
        raise PodiumError(f"{path} must hold a `state_dict`, but holds none")
    return dict(checkpoint["state_dict"])


def average(states: Sequence[State], names: Sequence[str] = ()) -> State:
    """Return the mean of weights, entry by entry; counters and the like are the first one's.

    Args:
        states: The weights; all with the same entries and shapes.
        names: What they are called in messages.

    Raises:
        PodiumError: If there are none, or entries or shapes differ.
    """
    if not states:
        raise PodiumError("a soup needs at least one checkpoint, but got none")
    names = names or [f"checkpoint {index}" for index in range(len(states))]
    for name, state in zip(names, states, strict=True):
        _check_alike(states[0], state, str(names[0]), str(name))
    mean: State = {}
    for key, first in states[0].items():
        if not first.is_floating_point():
            mean[key] = first.clone()
            continue
        # In double precision, so that the order of the checkpoints makes no difference.
        total = torch.stack([state[key].double() for state in states]).sum(dim=0)
        mean[key] = (total / len(states)).to(first.dtype)
    return mean


def _check_alike(first: State, other: State, first_name: str, name: str) -> None:
    for key in [*first, *(key for key in other if key not in first)]:
        shapes = [tuple(state[key].shape) if key in state else None for state in (first, other)]
        if shapes[0] != shapes[1]:
            raise PodiumError(
                f"the checkpoints of a soup must be of one model, but {key} has shape "
                f"{shapes[0]} in {first_name} and {shapes[1]} in {name}"
            )


def uniform_soup(paths: Sequence[PathLike]) -> Soup:
    """Return the mean of all checkpoints."""
    members = tuple(map(Path, paths))
    states = [read_state(path) for path in members]
    return Soup(average(states, [str(path) for path in members]), members, {})


def greedy_soup(paths: Sequence[PathLike], score: Callable[[State], float]) -> Soup:
    """Return the mean of those checkpoints that raise the score, the best one first.

    A checkpoint stays if the soup with it scores at least as well. The score has chosen: judge
    the soup on images that it has not seen.

    Args:
        paths: The checkpoints.
        score: Of weights on val, a number that is better when larger. It recomputes
            batch-norm statistics where the model has them.

    Raises:
        PodiumError: If checkpoints differ in entries, or a score is not a number.

    Source: Wortsman et al. 2022, arXiv:2203.05482, recipe 1.
    """
    states = {Path(path): read_state(path) for path in paths}
    average(list(states.values()), [str(path) for path in states])
    alone = {path: _checked(score(state), path) for path, state in states.items()}
    ranked = sorted(alone, key=lambda path: -alone[path])
    members, best = [ranked[0]], alone[ranked[0]]
    for path in ranked[1:]:
        tried = _checked(score(average([states[m] for m in [*members, path]])), path)
        logger.info("soup of %d with %s: %.4f (best %.4f)", len(members) + 1, path, tried, best)
        if tried >= best:
            members, best = [*members, path], tried
    scores = {str(path): value for path, value in alone.items()} | {"soup": best}
    return Soup(average([states[path] for path in members]), tuple(members), scores)


def _checked(value: float, path: Path) -> float:
    if value != value:
        raise PodiumError(f"the score with {path} must be a number, but is NaN: no boxes to score?")
    return value


def recompute_batch_norm(model: Any, batches: Iterable[Any]) -> int:
    """Replace batch-norm statistics by the plain mean over `batches`, and return how many layers.

    Averaged weights give other activations than those that the averaged statistics describe.
    Frozen layers (no gradients, as in a backbone's first stage) keep theirs.

    Args:
        model: The detector; its mode is left as it was.
        batches: Training batches as its `data_preprocessor` takes them.
    """
    layers: list[Any] = [m for m in model.modules() if _is_adapting_batch_norm(m)]
    modes = {module: module.training for module in model.modules()}
    momenta = {layer: layer.momentum for layer in layers}
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean instead of a running one
    try:
        model.eval()
        for layer in layers:
            layer.train()
        with torch.no_grad():
            for batch in batches if layers else ():
                data = model.data_preprocessor(copy.copy(batch), True)
                model(**data, mode="loss")
    finally:
        for module, training in modes.items():
            module.training = training
        for layer, momentum in momenta.items():
            layer.momentum = momentum
    return len(layers)


def _is_adapting_batch_norm(module: nn.Module) -> bool:
    """Return whether a layer keeps statistics that training changes."""
    if not isinstance(module, nn.modules.batchnorm._BatchNorm) or not module.track_running_stats:
        return False
    return module.weight is None or module.weight.requires_grad


def is_soup(path: Path) -> bool:
    """Whether a file is a soup that was written before."""
    try:
        meta = read_checkpoint(path).get("meta")
    except PodiumError:
        return False
    return isinstance(meta, dict) and "soup" in meta


def write_soup(soup: Soup, path: PathLike) -> None:
    """Write a soup as a checkpoint, with the names and scores of what is in it."""
    meta = {"soup": [str(member) for member in soup.members], "scores": soup.scores}
    save_checkpoint(path, {"state_dict": soup.state, "meta": meta})
