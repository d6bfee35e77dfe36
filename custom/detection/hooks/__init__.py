"""Hooks, registered in MMEngine's registry."""

from custom.detection.hooks.resume_point import ResumePointHook, find_resume_point

__all__ = ["ResumePointHook", "find_resume_point"]
