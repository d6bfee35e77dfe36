"""Labels of images and regions are fused by the tool that fuses boxes: equal boxes are averaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.evaluation import score
from custom.runs import read_run
from custom.tables.coco import read_results
from custom.testing.label_runs import make_label_run, make_label_split
from tools import ensemble


@pytest.mark.parametrize("task", ["image", "region"])
@pytest.mark.parametrize("options", [["--method", "wbf"], []], ids=["wbf", "chosen"])
def test_labels_are_averaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, options: list[str], capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    make_label_split(tmp_path / "data", task, num_videos=30)
    for seed in (1, 2, 3):
        make_label_run(tmp_path / "data", Path("runs") / f"x{seed}", task, noise=1.5, seed=seed)
    files = [f"runs/x{seed}.json" for seed in (1, 2, 3)]
    assert ensemble.main([*files, *options, "--format", "coco", "--metric", "ranking_AP",
                          "--name", "fused"]) == 0  # fmt: skip
    printed = capsys.readouterr().out
    assert "ranking AP" in printed or "ranking_AP" in printed
    run = read_run("runs/x1")
    images, categories = run.test_set()
    fused = read_results("submissions/fused.json", images, categories)
    # Every label of every item is still there.
    assert fused.num_boxes == run.test_predictions().num_boxes
    if options:
        singles = [read_run(f"runs/x{k}").test_predictions() for k in (1, 2, 3)]
        mean = np.mean([table.scores for table in singles], axis=0)
        np.testing.assert_allclose(sorted(fused.scores), sorted(mean), atol=1e-6)
        gt = run.val_ground_truth
        assert score(gt, run.val_predictions(), "ranking_AP").value < 1
