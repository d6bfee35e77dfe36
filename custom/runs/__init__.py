"""The run: its folder and record, finding runs, and their out-of-fold predictions."""

from custom.run_folder import RECORD, folder_of, is_run
from custom.runs.entries import (
    CrossValidated,
    DataEntry,
    KeptVerdict,
    MetricValue,
    PseudoLabels,
    Source,
    SplitEntry,
    ThresholdChoice,
    Trainer,
)
from custom.runs.environment import code_state, environment
from custom.runs.finding import find_runs, runs_below, runs_beside
from custom.runs.out_of_fold import (
    Evidence,
    OutOfFold,
    check_same_boxes,
    check_same_split,
    pool,
    read_evidence,
)
from custom.runs.procedure import (
    PredictionsEntry,
    Procedure,
    is_recorded,
    predictions_entry,
    procedure_of,
)
from custom.runs.record import (
    RunRecord,
    data_entry,
    keep_thresholds,
    update_record,
    write_record,
)
from custom.runs.run import Run, read_run
from custom.runs.siblings import check_predicted_alike, siblings_of

__all__ = [
    "RECORD",
    "CrossValidated",
    "DataEntry",
    "Evidence",
    "KeptVerdict",
    "MetricValue",
    "OutOfFold",
    "PredictionsEntry",
    "Procedure",
    "PseudoLabels",
    "Run",
    "RunRecord",
    "Source",
    "SplitEntry",
    "ThresholdChoice",
    "Trainer",
    "check_predicted_alike",
    "check_same_boxes",
    "check_same_split",
    "code_state",
    "data_entry",
    "environment",
    "find_runs",
    "folder_of",
    "is_recorded",
    "is_run",
    "keep_thresholds",
    "pool",
    "predictions_entry",
    "procedure_of",
    "read_evidence",
    "read_run",
    "runs_below",
    "runs_beside",
    "siblings_of",
    "update_record",
    "write_record",
]
