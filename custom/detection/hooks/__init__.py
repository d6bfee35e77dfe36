"""Hooks, registered in MMEngine's registry."""

from custom.detection.hooks.divergence import DivergenceHook
from custom.detection.hooks.init_weights import InitWeightsHook
from custom.detection.hooks.memory import explain_out_of_memory
from custom.detection.hooks.patience import PatienceHook
from custom.detection.hooks.resume_point import ResumePointHook, find_resume_point
from custom.detection.hooks.stages import StagesHook
from custom.detection.hooks.tracking import TrackingHook

__all__ = [
    "DivergenceHook",
    "InitWeightsHook",
    "PatienceHook",
    "ResumePointHook",
    "StagesHook",
    "TrackingHook",
    "explain_out_of_memory",
    "find_resume_point",
]
