"""A registered metric decides from the gate to the ledger; nothing on the way knows its name.

The model `many` finds every box and gives as many false ones of low score: AP50 1, precision 1/2.
The model `few` gives every third box and no other: AP50 about 1/3, precision 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.evaluation import METRICS, score
from custom.files import read_json
from custom.gate.runs import gate_runs, project_seed_noise
from custom.leaderboard.ledger import read_ledger
from custom.review import Request, read_review, write_review
from custom.runs import MetricValue, read_run, update_record
from custom.runs.table import make_rows
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tests import toy_metric
from tools import ensemble, leaderboard


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    for metric in toy_metric.METRICS:
        monkeypatch.setitem(METRICS, metric.name, metric)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    make_toy_split(tmp_path / "data")
    test = read_ground_truth(tmp_path / "data" / "test_boxes.json")
    for name, make in (("many", many), ("few", few)):
        folder = tmp_path / "runs" / name
        make_toy_run(tmp_path / "data", folder, config=f"{name}.py")
        gt = read_run(folder).val_ground_truth
        write_results(folder / "val.json", make(gt), gt.categories)
        write_results(folder.with_name(f"{name}.json"), make(test), test.categories)
        value = score(gt, make(gt), "toy").value
        update_record(folder, metric="toy", metrics={"toy": MetricValue(value)})
    return ["runs/many.json", "runs/few.json"]


def many(gt: GroundTruth) -> Predictions:
    false = np.tile([0.0, 0.0, 4.0, 4.0], (gt.num_boxes, 1))
    scores = np.concatenate([np.linspace(0.5, 1.0, gt.num_boxes), np.full(gt.num_boxes, 0.01)])
    return table_of(gt, np.concatenate([gt.bboxes, false]), scores, np.arange(gt.num_boxes))


def few(gt: GroundTruth) -> Predictions:
    kept = np.arange(0, gt.num_boxes, 3)
    return table_of(gt, gt.bboxes[kept], np.linspace(0.5, 1.0, len(kept)), kept)


def table_of(gt: GroundTruth, bboxes, scores, kept) -> Predictions:
    """Return boxes with the images and classes of some annotated ones, in turn."""
    index, labels = (np.resize(column[kept], len(bboxes)) for column in (gt.image_index, gt.labels))
    return Predictions.from_rows(gt.images.ids, index, bboxes, scores, labels)


def test_the_two_metrics_disagree(runs: list[str]) -> None:
    gt = read_run("runs/many").val_ground_truth
    assert score(gt, many(gt)).value > 2 * score(gt, few(gt)).value
    assert [score(gt, make(gt), "toy").value for make in (many, few)] == [0.5, 1.0]


def test_the_gate_decides_by_it(runs: list[str]) -> None:
    verdict = gate_runs(["runs/few"], ["runs/many"])
    assert (verdict.decision, verdict.overall.name) == ("accept", "toy")
    assert (verdict.overall.new, verdict.overall.baseline) == (1.0, 0.5)
    assert read_json("runs/few/run.json")["verdict"]["overall"]["name"] == "toy"


def test_seed_noise_is_of_it(runs: list[str]) -> None:
    for name, seed in (("many", 1), ("few", 2)):
        (Path("runs") / name / "config.py").write_text(f"randomness = dict(seed={seed})\n")
        update_record(f"runs/{name}", seed=seed)
    noise = project_seed_noise([read_run("runs/many"), read_run("runs/few")], "toy")
    assert noise is not None
    assert noise.deviation == pytest.approx(0.5 / np.sqrt(2))


def test_the_ensemble_its_search_and_the_ledger_decide_by_it(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ["--weights", "1", "0.001", "--skip-box-thr", "0"]
    assert ensemble.main([*runs, *weights, "--strict"]) == ensemble.EXIT_NO_GAIN
    printed = capsys.readouterr().out
    assert "val toy" in printed
    assert "against the best single model (few, toy 1.0000): significantly below" in printed
    search = ["--search", "--trials", "12", "--recipe-out", "recipe.json", "--name", "x"]
    ensemble.main([*runs, *search])
    recipe = read_json("recipe.json")
    assert recipe["search"]["metric"] == "toy"
    assert recipe["scores"]["in_sample"] == 1.0
    assert recipe["scores"]["cross_validated"] == 1.0
    assert "toy" in capsys.readouterr().out
    leaderboard.main(["add", "submissions/x.csv", "--public", "0.9"])
    (entry,) = read_ledger()
    assert (entry.metric, entry.val) == ("toy", 1.0)
    leaderboard.main(["report"])
    assert "val toy" in capsys.readouterr().out


def test_the_review_leads_with_it(runs: list[str], tmp_path: Path) -> None:
    review = read_review(Request(runs=["runs/many", "runs/few"]))
    page = write_review(review, tmp_path / "review")
    assert "</strong> toy" in page.read_text()
    facts = read_json(tmp_path / "review" / "review.json")
    assert facts["metric"] == "toy"
    values = {model["name"]: model["value"] for model in facts["models"]}
    assert (values["many"], values["few"]) == (0.5, 1.0)


def test_the_table_shows_it(runs: list[str]) -> None:
    rows = make_rows([read_run("runs/many"), read_run("runs/few")], None, intervals=True)
    assert [(row.metric, row.value) for row in rows] == [("toy", 0.5), ("toy", 1.0)]
    assert rows[0].low <= 0.5 <= rows[0].high
