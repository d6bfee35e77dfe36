from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import read_json
from custom.gate import GatePolicy
from custom.gate.runs import count_comparisons, gate_runs, project_seed_noise
from custom.runs import MetricValue, PseudoLabels, find_runs, read_run, update_record
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import write_results
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools.gate import main


@pytest.fixture
def runs(tmp_path) -> Path:
    """Three seeds of a baseline on fold 0 and 1, with configs, and the split they share."""
    make_toy_split(tmp_path, num_images=60)
    for seed in (1, 2, 3):
        for fold in (0, 1):
            folder = tmp_path / "runs" / f"base_s{seed}_f{fold}"
            make_toy_run(tmp_path, folder, seed=10 * seed + fold, fold=fold)
            text = f"gate = dict(smallest_gain=0.01)\nlr = 1\nrandomness = dict(seed={seed})\n"
            text += f"loader = dict(sampler=dict(seed={seed}))\nwork_dir = {str(folder)!r}\n"
            (folder / "config.py").write_text(text)
            update_record(folder, seed=seed, metrics={"AP50": MetricValue(0.5 + 0.01 * seed)})
    return tmp_path / "runs"


def perfect(gt: GroundTruth) -> Predictions:
    scores = np.full(gt.num_boxes, 0.9)
    return Predictions(gt.images.ids, gt.offsets, gt.bboxes, scores, gt.labels)


def better_run(runs: Path, name: str) -> Path:
    """Write a run that finds every box where it is."""
    folder = runs / name
    make_toy_run(runs.parent, folder, seed=77)
    gt = read_run(folder).val_ground_truth
    write_results(folder / "val.json", perfect(gt), gt.categories)
    return folder


def test_exit_codes_and_text(runs, capsys):
    new = better_run(runs, "new")
    baseline = str(runs / "base_s1_f0")
    assert main([str(new), "--baseline", baseline]) == 0
    text = capsys.readouterr().out
    assert text.startswith("ACCEPT: AP50 +")
    assert "20 val images, fold 0, 1 new against 1 baseline" in text
    assert main([baseline, "--baseline", str(new), "--no-record"]) == 1
    assert main([str(runs / "base_s2_f0"), "--baseline", baseline, "--no-record"]) == 3
    assert "settle it" in capsys.readouterr().out


def test_the_verdict_is_kept_and_comparisons_are_counted(runs, capsys):
    baseline = str(runs / "base_s1_f0")
    for number, name in enumerate(("first", "second", "third"), start=1):
        new = better_run(runs, name)
        assert main([str(new), "--baseline", baseline, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["comparisons"] == number
        kept = read_json(new / "run.json")["verdict"]
        assert (kept["decision"], kept["new"], kept["baseline"]) == (
            "accept",
            [name],
            ["base_s1_f0"],
        )
    # Once more is no new change; against another baseline the count begins again.
    assert gate_runs([str(runs / "third")], [baseline]).comparisons == 3
    assert gate_runs([str(runs / "third")], [str(runs / "base_s2_f0")]).comparisons == 1
    assert gate_runs([str(runs / "first")], [baseline], comparisons=9).comparisons == 9


def test_no_record_leaves_the_run_as_it_is(runs):
    new = better_run(runs, "new")
    before = (new / "run.json").read_bytes()
    gate_runs([str(new)], [str(runs / "base_s1_f0")], record=False)
    assert (new / "run.json").read_bytes() == before


def test_patterns_pool_seeds_and_folds(runs):
    verdict = gate_runs([str(runs / "base_s[12]_*")], [str(runs / "base_s3_*")], record=False)
    assert (verdict.num_new, verdict.num_baseline, verdict.folds) == (2, 1, (0, 1))
    assert verdict.seed_noise is not None
    assert verdict.policy == GatePolicy(smallest_gain=0.01)


def test_patterns_skip_test_predictions(runs):
    assert (runs / "base_s1_f0.json").exists()
    assert [run.name for run in find_runs([str(runs / "base_s1*")])] == ["base_s1_f0", "base_s1_f1"]
    both = [str(runs / "base_s1_f0"), str(runs / "base_s1_f0.json")]
    assert len(find_runs(both)) == 1


def test_seed_noise_of_the_project(runs):
    # In both folds the seeds give .51, .52, .53: a deviation of .01 with 2 + 2 degrees.
    noise = project_seed_noise(find_runs([str(runs / "base_*")]))
    assert noise.deviation == pytest.approx(0.01)
    assert noise.degrees == 4
    verdict = gate_runs([str(runs / "base_s1_f0")], [str(runs / "base_s2_f0")], record=False)
    assert "standard deviation of 0.0100 (degrees of freedom: 4)" in verdict.notes[0]


def test_runs_of_another_setting_are_no_seeds(runs):
    for seed in (2, 3):
        for fold in (0, 1):
            path = runs / f"base_s{seed}_f{fold}" / "config.py"
            path.write_text(path.read_text().replace("lr = 1", f"lr = {seed}"))
    assert project_seed_noise(find_runs([str(runs / "base_*")])) is None


def test_pseudo_labels_are_told(runs):
    new = better_run(runs, "new")
    update_record(new, pseudo_labels=PseudoLabels(unseen_folds=(0,)))
    notes = gate_runs([str(new)], [str(runs / "base_s1_f0")]).notes
    assert "Pseudo-labels are in the new side: new." in notes


def test_other_splits_are_refused(runs, tmp_path):
    other = tmp_path / "other"
    make_toy_split(other, num_images=45)
    make_toy_run(other, other / "runs" / "x")
    with pytest.raises(PodiumError, match="judged on one sealed split"):
        gate_runs([str(other / "runs" / "x")], [str(runs / "base_s1_f0")])


def test_bad_names(runs):
    one = str(runs / "base_s1_f0")
    with pytest.raises(PodiumError, match="cannot be its own baseline"):
        gate_runs([one], [one])
    with pytest.raises(PodiumError, match=r"must name finished runs, but finds none"):
        gate_runs([str(runs / "absent_*")], [one])
    with pytest.raises(PodiumError, match="must be a run"):
        gate_runs([str(runs / "absent")], [one])


def test_counting_ignores_runs_without_verdict(runs):
    found = find_runs([str(runs / "base_*")])
    assert count_comparisons(found[:1], found[1:], found) == 1


def test_a_plan_is_of_the_baseline_or_of_what_is_usual(runs, capsys):
    assert main(["--plan", "--gain", ".05"]) == 0
    assert "Taken for granted without a baseline" in capsys.readouterr().out
    assert main(["--plan", "--gain", ".05", "--baseline", str(runs / "base_s*_f0")]) == 0
    text = capsys.readouterr().out
    # The policy of the runs' config, three folds of 20 images, and seeds .5 + .01 * seed.
    assert "(95%, smallest useful gain 0.01)" in text
    assert "| 3 | 60 |" in text
    assert "seeds scatter by 0.0100 (of this project's runs)" in text
    with pytest.raises(SystemExit):
        main(["--plan"])
    with pytest.raises(SystemExit):
        main([str(runs / "base_s1_f0")])
    with pytest.raises(PodiumError, match=r"gain must be above the smallest useful gain, 0.01"):
        main(["--plan", "--gain", ".01", "--baseline", str(runs / "base_s1_f0")])
