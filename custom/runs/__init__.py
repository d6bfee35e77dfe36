"""The run: its folder and record, finding runs, and the table of them."""

from custom.runs.run import (
    RECORD,
    Run,
    check_same_split,
    code_state,
    data_entry,
    environment,
    read_run,
    update_record,
    write_record,
)

__all__ = [
    "RECORD",
    "Run",
    "check_same_split",
    "code_state",
    "data_entry",
    "environment",
    "read_run",
    "update_record",
    "write_record",
]
