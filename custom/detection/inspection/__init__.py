"""Looking at a config before it is trained."""

from custom.detection.inspection.findings import Finding, inspect_config
from custom.detection.inspection.values import Resolved, resolved, setters

__all__ = ["Finding", "Resolved", "inspect_config", "resolved", "setters"]
