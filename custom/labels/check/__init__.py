"""Does every annotation belong to its picture? Ids that were mapped by position may not."""

from custom.labels.check.command import CheckRequest, run_check
from custom.labels.check.mismatch import Mismatch

__all__ = ["CheckRequest", "Mismatch", "run_check"]
