"""What a competition says of its labels, handed to whatever in a config needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import FUNCTIONS

from custom.classification.timm_import import require_timm
from custom.classification.tta import flip_pipeline, refusal
from custom.errors import PodiumError
from custom.training.nodes import dicts_below, name_of

# Which model a task needs.
MODEL_OF = {"image": "ImageClassifier", "region": "RegionClassifier"}
_TRAINED_ON = ("train_dataloader", "custom_hooks")  # the pipelines of a training and its stages
_WORDS = re.compile(r"[A-Za-z][a-z]*|[A-Z]+")
_SIDES = {"left", "right"}


@FUNCTIONS.register_module()
def place_labels(config: Config) -> None:
    """Hand the facts in `competition` to loaders, heads and test-time augmentation.

    Args:
        config: Resolved so far, changed in place. Of another task it stays as it is.

    Raises:
        PodiumError: If the config is not one of its task, or mirrors what it must not.
    """
    competition = config.competition
    task = competition.get("task")
    if task not in MODEL_OF:
        return
    _check_model(config, task)
    exclusive = bool(competition.get("exclusive", False))
    pairs, sided = flip_facts(competition.classes, competition.get("flip_pairs") or ())
    if sided and (where := next(_mirrors(config), None)):
        raise PodiumError(f"{where} must not mirror images: {refusal(sided)}")
    for place, node in _pipelines(config):
        if name_of(node) == "LoadRegions":
            # What is only predicted need not be labelled.
            only_trained_on = exclusive and place in _TRAINED_ON
            node.update(whole_image=task == "image", exclusive=only_trained_on)
            if task == "region" and place not in _TRAINED_ON:
                node.setdefault("boxes", None)  # tools/test.py --boxes puts another run's here
        elif name_of(node) == "PackRegions":
            node["flip_pairs"] = pairs
    config.model["head"]["exclusive"] = exclusive
    if "tta_model" not in config:
        config.tta_model = dict(type="MeanTTA", flip_pairs=pairs, sided=sided)
    if "tta_pipeline" not in config:
        config.tta_pipeline = flip_pipeline(config.test_dataloader.dataset.pipeline)


def flip_facts(
    classes: Sequence[str], told: Sequence[Sequence[str]]
) -> tuple[list[tuple[int, int]], list[str]]:
    """Return the pairs of labels that a mirror image exchanges, and the classes that it spoils.

    Args:
        classes: The competition's.
        told: Pairs of class names. A name alone, as `("faces_west",)`, is of a class that left
            and right decide although its name does not say so.

    Raises:
        PodiumError: If a name is no class.
    """
    names = list(classes)
    for name in (name for entry in told for name in entry):
        if name not in names:
            raise PodiumError(f"competition.flip_pairs must name classes, but has {name!r}")
    pairs = [(names.index(e[0]), names.index(e[1])) for e in told if len(e) == 2]
    paired = {names[label] for pair in pairs for label in pair}
    alone = {entry[0] for entry in told if len(entry) == 1}
    sided = [n for n in names if n not in paired and (n in alone or names_a_side(n))]
    return pairs, sided


def names_a_side(name: str) -> bool:
    """Return whether `left` or `right` is a word of a name.

    Example:
        >>> names_a_side("handle_left"), names_a_side("LeftHand"), names_a_side("bright")
        (True, True, False)
    """
    return bool(_SIDES & {word.lower() for word in _WORDS.findall(name)})


def _check_model(config: Config, task: str) -> None:
    name = name_of(config.model)
    if name in MODEL_OF.values() and name != MODEL_OF[task]:
        raise PodiumError(
            f"competition.task {task!r} needs a model of type {MODEL_OF[task]}, but the config has "
            f"{name}"
        )
    if any(name_of(node) == "TimmBackbone" for node in dicts_below(config.model)):
        require_timm()


def _pipelines(config: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every dict in the pipelines of all parts and stages, with the key it is below."""
    for key in (*_TRAINED_ON, "val_dataloader", "test_dataloader"):
        yield from ((key, node) for node in dicts_below(config.get(key)))


def _mirrors(config: Config) -> Iterator[str]:
    """Yield where the training mirrors its images."""
    for key in (*_TRAINED_ON, "augmentations"):
        for node in dicts_below(config.get(key)):
            if name_of(node) == "RandomFlip" and _has_mirror(node):
                yield f"RandomFlip of {key}"


def _has_mirror(node: dict[str, Any]) -> bool:
    directions = node.get("direction", "horizontal")
    listed = [directions] if isinstance(directions, str) else directions
    return bool(node.get("prob")) and any(each != "vertical" for each in listed)
