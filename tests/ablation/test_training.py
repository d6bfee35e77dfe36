from __future__ import annotations

import json
from pathlib import Path

import pytest

from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from tools.ablate import main
from tools.runs import main as list_runs

pytest.importorskip("mmdet")


@pytest.mark.slow
def test_an_ablation_trains_with_the_real_tool(tmp_path: Path) -> None:
    """The runs differ in what the variant changes, and the list of runs says so."""
    make_toy_config_file(make_toy_competition(tmp_path / "toy"), tmp_path / "base.py")
    plan = tmp_path / "ablations.py"
    change = "dict(optim_wrapper=dict(optimizer=dict(lr=1e-5)))"
    plan.write_text(f"baseline = 'base.py'\nvariants = dict(slow=dict(change={change}))\n")
    out = tmp_path / "runs" / "toy"
    arguments = [str(plan), "--seeds", "7", "--folds", "1", "--out", str(out)]
    assert main([*arguments, "--", "--no-pretrained"]) == 0
    records = json.loads((out / "table.json").read_text())
    assert [record["variant"] for record in records] == ["baseline", "slow"]
    assert all(record["missing"] == 0 for record in records)
    run = json.loads((out / "slow_seed7_fold1" / "run.json").read_text())
    assert (run["seed"], run["fold"]) == (7, 1)
    assert run["verdict"]["decision"] in ("accept", "reject", "inconclusive")
    rows = tmp_path / "rows.json"
    list_runs([str(tmp_path / "runs"), "--no-intervals", "--json", str(rows)])
    (row,) = [row for row in json.loads(rows.read_text()) if row["run"] == "slow_seed7_fold1"]
    assert [change.split(":")[0] for change in row["changed"]] == ["optim_wrapper.optimizer.lr"]
    assert row["changed"][0].endswith("-> 1e-05")
