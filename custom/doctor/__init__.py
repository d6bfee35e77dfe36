"""What is wrong with an installation, and how to fix it. Needs the standard library only."""

from custom.doctor.examination import examine
from custom.doctor.results import Check, report

__all__ = ["Check", "examine", "report"]
