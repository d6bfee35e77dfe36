"""Detectors, necks and heads of our own, registered with MMDetection."""

from custom.detection.models.sepc import SEPC
from custom.detection.models.sepc_heads import ATSSSEPCHead, GFLSEPCHead

__all__ = ["SEPC", "ATSSSEPCHead", "GFLSEPCHead"]
