"""A few real samples, drawn as the training will draw them."""

from __future__ import annotations

from mmengine.registry import FUNCTIONS

from custom.errors import PodiumError
from custom.training.checks.facts import Facts


def check_samples(facts: Facts) -> None:
    """Refuse a training set whose samples do not follow the seed, or are normalized already.

    What a sample is belongs to the task: its package registers `sample_faults`.

    Raises:
        PodiumError: Of the first fault, or what reading a sample raises.
    """
    faults_of = FUNCTIONS.get("sample_faults")
    for fault in faults_of(facts.config) if faults_of else ():
        raise PodiumError(fault)
