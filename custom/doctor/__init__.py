"""What is wrong with an installation, and what mends it. Needs the standard library only."""

from custom.doctor.examination import examine
from custom.doctor.findings import Finding, report

__all__ = ["Finding", "examine", "report"]
