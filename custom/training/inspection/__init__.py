"""Looking at a config before it is trained."""

from custom.training.inspection.issues import Issue, inspect_config
from custom.training.inspection.values import Resolved, resolved, setters

__all__ = ["Issue", "Resolved", "inspect_config", "resolved", "setters"]
