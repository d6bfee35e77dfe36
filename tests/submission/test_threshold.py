"""Metrics that punish every false box: a threshold is chosen on val and kept on the test set."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.evaluation import score_at_best
from custom.files import read_json, write_json
from custom.leaderboard.command import report_text
from custom.leaderboard.ledger import read_ledger
from custom.runs import read_run, update_record
from custom.submission import read_submission
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools import leaderboard, submit


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    make_toy_split(tmp_path / "data")
    make_toy_run(tmp_path / "data", tmp_path / "runs" / "a", seed=5)
    for path in ("runs/a/val.json", "runs/a.json"):
        boxes = read_json(path)
        misses = [{**box, "bbox": [90, 90, 5, 5], "score": box["score"] / 20} for box in boxes]
        write_json(path, boxes + misses)
    return "runs/a.json"


def lowest_score(path: str) -> float:
    images, categories = read_run("runs/a").test_set()
    return read_submission(path, "trash", images, categories).scores.min()


def test_the_threshold_is_the_best_on_the_runs_own_fold(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = read_run("runs/a")
    expected = score_at_best(made.val_ground_truth, made.val_predictions(), "wheat")
    assert expected.score_thr > 0.05
    assert submit.main([run, "--metric", "wheat", "--out", "submissions/w.csv"]) == 0
    assert f"{expected.score_thr:g} (best for wheat on val)" in capsys.readouterr().out
    assert lowest_score("submissions/w.csv") >= expected.score_thr
    val = read_json("submissions/w.meta.json")["val"]
    assert (val["metric"], val["value"]) == ("wheat", expected.value)


def test_an_average_precision_keeps_low_scores(run: str) -> None:
    submit.main([run])
    assert lowest_score("submissions/a.csv") < 0.1


def test_the_runs_metric_decides(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    update_record("runs/a", metric="gbr_f2")
    submit.main([run])
    assert "(best for gbr_f2 on val)" in capsys.readouterr().out


def test_without_a_run_a_threshold_is_asked_for(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(run).rename("x.json")
    options = ["x.json", "--images", "data/test.json", "--metric", "wheat"]
    submit.main(options)
    assert "no score threshold was chosen" in capsys.readouterr().out
    submit.main([*options, "--score-thr", "0.5", "--out", "submissions/cut.csv"])
    assert "below the score threshold 0.5 (--score-thr)" in capsys.readouterr().out
    assert lowest_score("submissions/cut.csv") >= 0.5
    with pytest.raises(PodiumError, match="score_thr must be between 0 and 1, but is 2"):
        submit.main([*options, "--score-thr", "2"])


def test_the_ledger_keeps_the_metric_and_compares_one(run: str) -> None:
    submit.main([run, "--metric", "wheat", "--out", "submissions/w.csv"])
    submit.main([run, "--out", "submissions/p.csv"])
    for name, public in (("p", "0.4"), ("w", "0.3")):
        leaderboard.main(["add", f"submissions/{name}.csv", "--public", public])
    assert [entry.metric for entry in read_ledger()] == ["AP50", "wheat"]
    text = report_text()
    assert "val wheat" in text  # of two, the later
    assert "by AP50" in text
    assert "(by 1 submissions)" in text
