"""Looking at a config before it is trained."""

from custom.training.inspection.findings import Finding, inspect_config
from custom.training.inspection.values import Resolved, resolved, setters

__all__ = ["Finding", "Resolved", "inspect_config", "resolved", "setters"]
