"""Hooks, registered in MMEngine's registry."""

from custom.training.hooks.best import BestHook
from custom.training.hooks.buffers import SharedBuffersHook
from custom.training.hooks.divergence import DivergenceHook
from custom.training.hooks.memory import explain_out_of_memory
from custom.training.hooks.patience import PatienceHook
from custom.training.hooks.resume_point import ResumePointHook, find_resume_point
from custom.training.hooks.stages import StagesHook
from custom.training.hooks.tracking import TrackingHook

__all__ = [
    "BestHook",
    "DivergenceHook",
    "PatienceHook",
    "ResumePointHook",
    "SharedBuffersHook",
    "StagesHook",
    "TrackingHook",
    "explain_out_of_memory",
    "find_resume_point",
]
