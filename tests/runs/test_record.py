"""One record: formats 1 and 2 are read, unknown keys stay, and parallel changes are all kept."""

from __future__ import annotations

import json
import math
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from custom.errors import PodiumError
from custom.runs import MetricValue, Source, Trainer, update_record, write_record
from custom.runs.entries import KeptVerdict, SplitEntry
from custom.runs.record import RunRecord, read_record

# As the version before this one wrote it.
OLD: dict[str, Any] = {
    "name": "a",
    "config": "configs/net.py",
    "competition": "toy",
    "seed": 42,
    "fold": 0,
    "split": {"path": "splits/toy", "hash": "f" * 64},
    "data": {"train": {"ann_file": "train.json", "hash": "0" * 64}},
    "pseudo_labels": {"unseen_folds": [0], "judged": True, "name": "first"},
    "config_hash": "1",
    "checkpoint_hash": "2",
    "code": {"revision": None, "dirty": None},
    "versions": {"python": "3.11"},
    "device": "cpu",
    "wall_time_s": 61.5,
    "metrics": {"mAP50": 0.5, "mAP": 0.3, "per_class": {"can": 0.5, "bag": None}},
    "verdict": {"decision": "accept", "new": ["a"], "baseline": ["b"], "num_new": 1},
}
NEW = RunRecord(
    name="imported",
    split=SplitEntry("splits/toy", "f" * 64),
    fold=None,
    data={},
    metrics={"wheat": MetricValue(0.25, {"can": 0.25})},
    trainer=Trainer("ultralytics", "8.4"),
    made_from=(Source("val.csv", "3" * 64),),
    metric="wheat",
    thresholds={"can": 0.3},
    note="from a team-mate",
)


def test_the_old_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(OLD))
    record = read_record(tmp_path)
    assert (record.task, record.metric, record.trainer) == ("detection", "AP50", Trainer("mmdet"))
    assert (record.value(), record.value("AP"), record.seed) == (0.5, 0.3, 42)
    assert record.per_class()["can"] == 0.5
    assert math.isnan(record.per_class()["bag"])
    assert math.isnan(record.value("wheat"))
    assert record.pseudo_labels.unseen_folds == (0,)
    assert record.verdict.baseline == ("b",)
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["metrics"]["AP50"] == {"value": 0.5, "per_class": {"can": 0.5, "bag": None}}
    assert written["verdict"] == OLD["verdict"]
    assert written["pseudo_labels"]["name"] == "first"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_record(tmp_path, NEW)
    assert read_record(tmp_path) == NEW
    assert "seed" not in json.loads((tmp_path / "run.json").read_text())


def test_unknown_keys_stay_where_they_are(tmp_path: Path) -> None:
    write_record(tmp_path, NEW)
    content = json.loads((tmp_path / "run.json").read_text())
    content["lab"] = {"gpu": 3}
    content["split"]["drawn"] = "by hand"
    content["metrics"]["wheat"]["thr"] = 0.3
    (tmp_path / "run.json").write_text(json.dumps(content))
    update_record(tmp_path, verdict=KeptVerdict("reject"), metrics={"AP50": MetricValue(0.1)})
    written = json.loads((tmp_path / "run.json").read_text())
    assert written.pop("verdict") == {"decision": "reject"}
    assert written["metrics"].pop("AP50") == {"value": 0.1}
    assert written == content


def _add(folder: Path, number: int) -> None:
    update_record(folder, metrics={f"m{number}": MetricValue(number / 100)})


def test_parallel_changes_are_all_kept(tmp_path: Path) -> None:
    """Without the lock 16 of 20 were lost."""
    write_record(tmp_path, NEW)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_add, args=(tmp_path, k)) for k in range(20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert {f"m{k}" for k in range(20)} < set(read_record(tmp_path).metrics)


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"cannot .*run\.json"):
        update_record(tmp_path / "absent", note="x")
