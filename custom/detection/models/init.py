"""Start a detector from another one's weights, also where the number of classes differs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from custom.detection.models.classifier import BOX_ROWS, adapt_rows
from custom.detection.models.yolov5.convert import convert_state_dict, is_official
from custom.errors import PodiumError
from custom.training.weights import read_checkpoint

logger = logging.getLogger(__name__)

StateDict = Mapping[str, Tensor]


@dataclass(frozen=True)
class LoadReport:
    """What became of each entry, by name, in the order of the state dicts.

    Attributes:
        loaded: Taken as they are.
        adapted: Classifier entries, the rows of `classes` (and rows that are no class's) taken,
            the others freshly initialised.
        fresh: Left as initialised, because the checkpoint's shape differs.
        missing: Left as initialised, because the checkpoint has no such entry.
        unexpected: In the checkpoint only; not used.
        classes: Names of the classes whose rows were taken.
    """

    loaded: tuple[str, ...]
    adapted: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Summarise in one line a kind, with the names of all but the loaded."""
        lines = [f"loaded {len(self.loaded)} entries as they are"]
        if self.adapted:
            lines.append(f"classifier rows of {', '.join(self.classes) or 'no class'} taken")
        for kind in ("adapted", "fresh", "missing", "unexpected"):
            names = getattr(self, kind)
            if names:
                lines.append(f"{kind} ({len(names)}): {', '.join(names)}")
        return "\n".join(lines)


def adapt_state_dict(
    target: StateDict,
    source: StateDict,
    target_classes: Sequence[str] | None = None,
    source_classes: Sequence[str] | None = None,
) -> tuple[dict[str, Tensor], LoadReport]:
    """Fit the entries of one detector to another of the same architecture.

    Args:
        target: The freshly initialised detector's state dict. Not modified.
        source: The checkpoint's, under the same names. Not modified.
        target_classes: Names of the detector's classes, in the order of its labels.
        source_classes: Names of the checkpoint's classes. With both known, the classifier's rows
            are matched by name (case and surrounding spaces do not count); else a classifier of
            another size stays fresh, and one of the same size is taken as it is.

    Returns:
        A state dict with every name of `target`, and the report.
    """
    state: dict[str, Tensor] = {}
    kinds: dict[str, list[str]] = {"loaded": [], "adapted": [], "fresh": [], "missing": []}
    matches = match_classes(target_classes, source_classes)
    for name, fresh in target.items():
        kind, state[name] = _adapt_entry(
            name, fresh, source.get(name), matches, target_classes, source_classes
        )
        kinds[kind].append(name)
    classes = tuple((target_classes or ())[new] for new, _ in matches) if kinds["adapted"] else ()
    unexpected = tuple(name for name in source if name not in target)
    report = LoadReport(
        **{kind: tuple(names) for kind, names in kinds.items()},
        unexpected=unexpected,
        classes=classes,
    )
    return state, report


def _adapt_entry(
    name: str,
    fresh: Tensor,
    old: Tensor | None,
    matches: Sequence[tuple[int, int]],
    target_classes: Sequence[str] | None,
    source_classes: Sequence[str] | None,
) -> tuple[str, Tensor]:
    """Return what becomes of one entry, and its value."""
    if old is None:
        return "missing", fresh
    if old.shape == fresh.shape:
        return "loaded", old
    if target_classes and source_classes:
        counts = (len(target_classes), len(source_classes))
        adapted = adapt_rows(name, fresh, old, counts, matches)
        if adapted is not None:
            return "adapted", adapted
    return "fresh", fresh


def match_classes(
    target_classes: Sequence[str] | None, source_classes: Sequence[str] | None
) -> list[tuple[int, int]]:
    """Pair the labels of classes of one name, (label of the target, label of the source)."""
    labels = {_folded(name): label for label, name in enumerate(source_classes or ())}
    return [
        (label, labels[_folded(name)])
        for label, name in enumerate(target_classes or ())
        if _folded(name) in labels
    ]


def _folded(name: str) -> str:
    return name.strip().casefold()


def load_adapted(
    model: nn.Module, checkpoint: str | Path, classes: Sequence[str] | None = None
) -> LoadReport:
    """Load a checkpoint of the same architecture into an initialised detector.

    Takes checkpoints of MMDetection 2 and 3 and of UniverseNet, and exported state dicts of
    official YOLOv5 models.

    Args:
        model: Its weights are overwritten.
        checkpoint: A file or a URL.
        classes: Names of the model's classes; without them no classifier row is matched by name.

    Returns:
        What was loaded, what was not.

    Raises:
        PodiumError: If it cannot be read, or has no entry in common with the model.
    """
    content = read_checkpoint(checkpoint)
    source = state_dict_of(content, checkpoint)
    target = model.state_dict()
    names = class_names_of(content) or unnamed_classes(source)
    state, report = adapt_state_dict(target, source, classes, names)
    if not report.loaded:
        raise PodiumError(
            f"{checkpoint} must be a detector of the model's architecture, but none of its "
            f"{len(source)} entries fits, the first is {next(iter(source), 'none')}"
        )
    model.load_state_dict(state)
    logger.info("%s: %s", checkpoint, report)
    return report


def state_dict_of(content: Mapping[str, Any], source: str | Path = "checkpoint") -> StateDict:
    """Return the state dict inside of a checkpoint, under our names.

    Raises:
        PodiumError: If there are no tensors in it.
    """
    state = content.get("state_dict", content)
    tensors = {
        name.removeprefix("module."): value
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise PodiumError(f"{source} must hold a state dict, but holds {sorted(content)[:5]}")
    return convert_state_dict(tensors) if is_official(tensors) else tensors


def unnamed_classes(source: StateDict) -> tuple[str, ...] | None:
    """Return stand-ins for the class names of a YOLOv5, whose rows tell how many it has, or None.

    They match no name, but let the rows of box and objectness be taken.
    """
    anchors, bias = source.get("bbox_head.anchors"), source.get("bbox_head.convs.0.bias")
    if anchors is None or bias is None:
        return None
    return tuple(f"unnamed {label}" for label in range(len(bias) // anchors.shape[1] - BOX_ROWS))


def class_names_of(content: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the class names that a checkpoint of MMDetection 3 or 2 records, or None."""
    meta = content.get("meta") or {}
    dataset = meta.get("dataset_meta") or {}
    names = dataset.get("classes") or dataset.get("CLASSES") or meta.get("CLASSES")
    return tuple(names) if names else None
