"""The run: its folder and record, finding runs, and the table of them."""

from custom.runs.environment import code_state, environment
from custom.runs.record import (
    RECORD,
    DataEntry,
    KeptVerdict,
    MetricValue,
    PseudoLabels,
    RunRecord,
    Source,
    SplitEntry,
    Trainer,
    data_entry,
    update_record,
    write_record,
)
from custom.runs.run import Run, check_same_split, folder_of, is_run, read_run

__all__ = [
    "RECORD",
    "DataEntry",
    "KeptVerdict",
    "MetricValue",
    "PseudoLabels",
    "Run",
    "RunRecord",
    "Source",
    "SplitEntry",
    "Trainer",
    "check_same_split",
    "code_state",
    "data_entry",
    "environment",
    "folder_of",
    "is_run",
    "read_run",
    "update_record",
    "write_record",
]
