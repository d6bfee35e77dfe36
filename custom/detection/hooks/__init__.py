"""Hooks that only detectors need, registered in MMEngine's registry."""

from custom.detection.hooks.init_weights import InitWeightsHook

__all__ = ["InitWeightsHook"]
