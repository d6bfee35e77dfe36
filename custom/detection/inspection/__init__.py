"""Looking at a config before it is trained."""

from custom.detection.inspection.findings import Finding, inspect_config, setters

__all__ = ["Finding", "inspect_config", "setters"]
