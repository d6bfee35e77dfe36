from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path

import pytest
from rich.console import Console

from custom.errors import PodiumError
from custom.evaluation import score
from custom.runs import KeptVerdict, MetricValue, Run, Trainer, read_run, runs_below, update_record
from custom.runs.table import RunRow, filter_rows, make_rows, records_of, sort_rows
from custom.runs.table_text import table_of
from custom.testing.toy_runs import edit_record, make_toy_run, make_toy_split
from tools.runs import main


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Three runs; the second was gated against the first, the third lies deeper and is better."""
    make_toy_split(tmp_path / "data")
    for number, name in enumerate(("a", "b", "x/c")):
        folder = tmp_path / "runs" / name
        make_toy_run(tmp_path / "data", folder, seed=number, config=f"configs/net_{name[0]}.py")
        (folder / "config.py").write_text(f"model = dict(depth={18 + number}, width=1)\n")
        metrics = {"AP50": MetricValue(0.5 + number / 10)}
        update_record(folder, metrics=metrics, wall_time_s=3600 * (3 - number))
    update_record(folder.parents[1] / "b", verdict=KeptVerdict("accept", baseline=("a",)))
    return runs_below([tmp_path / "runs"])


def test_rows(runs: list[Run]) -> None:
    a, b, c = make_rows(runs, None, intervals=False)
    assert [row.run for row in (a, b, c)] == ["a", "b", "c"]
    assert (a.changed, a.verdict, a.baseline) == ((), "", "")
    assert (b.changed, b.verdict, b.baseline) == (("model.depth: 18 -> 19",), "accept", "a")
    assert (b.seed, b.fold, b.value, b.metric, b.hours) == (1, 0, 0.6, "AP50", 2.0)
    assert (b.task, b.trainer, b.metrics["AP50"]) == ("detection", "toy", 0.6)
    assert math.isnan(b.low)
    assert c.baseline == ""


def test_one_baseline_for_all(runs: list[Run]) -> None:
    rows = make_rows(runs, read_run(runs[2].folder), intervals=False)
    assert [row.changed for row in rows] == [
        ("model.depth: 20 -> 18",),
        ("model.depth: 20 -> 19",),
        (),
    ]


def test_the_interval_holds_the_score(runs: list[Run]) -> None:
    (row,) = make_rows(runs[:1], None, intervals=True)
    value = score(runs[0].val_ground_truth, runs[0].val_predictions()).value
    assert 0 < row.low < value < row.high < 1


def test_lost_data_costs_the_interval_only(runs: list[Run], tmp_path: Path) -> None:
    (tmp_path / "data" / "train.json").unlink()
    (row,) = make_rows(runs[:1], None, intervals=True)
    assert math.isnan(row.low)
    assert records_of([row])[0]["low"] is None


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param([], ["a", "b", "c"], id="none"),
        pytest.param(["seed=1"], ["b"], id="number"),
        pytest.param(["config=net_"], ["a", "b", "c"], id="contained"),
        pytest.param(["config!=net_a"], ["b", "c"], id="not contained"),
        pytest.param(["mAP50 >= 0.6", "hours<2"], ["c"], id="both"),
        pytest.param(["AP50>=0.6", "value<0.65"], ["b"], id="metric"),
        pytest.param(["task=detect", "trainer=toy", "metric=AP"], ["a", "b", "c"], id="origin"),
        pytest.param(["verdict=accept"], ["b"], id="verdict"),
        pytest.param(["changed=depth"], ["b"], id="changed"),
    ],
)
def test_filters(conditions: list[str], expected: list[str], runs: list[Run]) -> None:
    rows = filter_rows(make_rows(runs, None, intervals=False), conditions)
    assert [row.run for row in rows] == expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("fold", "a filter must be like"),
        ("nothing=1", "a column must be one of"),
        ("wheat>0", "a column must be one of .*, but is 'wheat'"),
        ("fold=x", "fold must be compared with a number"),
        ("run>1", "run is text, which is compared by = or !=, not >"),
    ],
)
def test_bad_filters(condition: str, message: str, runs: list[Run]) -> None:
    with pytest.raises(PodiumError, match=message):
        filter_rows(make_rows(runs, None, intervals=False), [condition])


def test_sorting_puts_unknown_values_last(runs: list[Run]) -> None:
    update_record(runs[1].folder, metrics={"AP50": MetricValue(None)})
    rows = make_rows([read_run(run.folder) for run in runs], None, intervals=False)
    assert [row.run for row in sort_rows(rows, "-mAP50")] == ["c", "a", "b"]
    assert [row.run for row in sort_rows(rows, "mAP50")] == ["a", "c", "b"]
    with pytest.raises(PodiumError, match="a column must be one of"):
        sort_rows(rows, "nothing")


def test_broken_records_are_left_out_and_none_is_an_error(runs: list[Run], tmp_path: Path) -> None:
    (runs[0].folder / "run.json").write_text("{}")
    assert len(runs_below([tmp_path / "runs"])) == 2
    with pytest.raises(PodiumError, match="must hold finished runs"):
        runs_below([tmp_path / "nowhere"])


def test_the_tool(runs: list[Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rows.json"
    main([str(tmp_path / "runs"), "--sort=-seed", "--filter", "seed<2", "--json", str(out)])
    rows = json.loads(out.read_text())
    assert [row["run"] for row in rows] == ["b", "a"]
    assert rows[0]["low"] < rows[0]["high"]
    printed = capsys.readouterr().out
    assert "2 runs" in printed
    assert "accept" in printed


def printed(rows: list[RunRow]) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(table_of(rows))
    return console.file.getvalue()


def test_the_metric_names_its_column_and_several_are_told(runs: list[Run]) -> None:
    rows = make_rows(runs, None, intervals=False)
    assert "3 runs, detection, toy" in printed(rows)
    assert re.search(r"run .* config .* AP50 ", printed(rows))
    assert "trainer" not in printed(rows)
    changed = {"metric": "wheat", "metrics": {"wheat": MetricValue(0.25)}}
    update_record(runs[1].folder, trainer=Trainer("ultralytics", "8.4"), **changed)
    rows = make_rows(runs_below([runs[0].folder.parent]), None, intervals=True)
    text = printed(rows)
    assert "3 runs, detection; several metrics, which do not compare: AP50, wheat" in text
    assert "ultralytics 8.4" in text
    assert "0.2500 wheat" in text
    assert "0.5000 AP50" in text
    assert rows[1].low < rows[1].high  # of the wheat metric
    assert rows[1].high != rows[0].high
    assert [row.run for row in filter_rows(rows, ["wheat>0"])] == ["b"]


def test_what_is_not_known_is_empty(runs: list[Run]) -> None:
    edit_record(runs[0].folder, seed=None, wall_time_s=None, trainer=None)
    (row,) = make_rows([read_run(runs[0].folder)], None, intervals=False)
    assert (row.seed, row.trainer) == (None, "")
    assert records_of([row])[0]["hours"] is None
    text = printed([row])
    assert "None" not in text
    assert "nan" not in text
    assert not any(name in text for name in ("seed", "hours", "verdict", "interval"))
    assert "fold" in text


def test_square_brackets_are_shown_as_they_are(runs: list[Run]) -> None:
    update_record(runs[0].folder, note="x")
    (runs[0].folder / "config.py").write_text("model = dict(name='car [parked] [/30]')\n")
    rows = make_rows(runs[:1], read_run(runs[1].folder), intervals=False)
    console = Console(file=io.StringIO(), width=300)
    console.print(table_of(rows))
    assert "car [parked] [/30]" in console.file.getvalue()
