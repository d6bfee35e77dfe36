from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.runs import read_run
from custom.smoothing import Smoothing, smooth_table
from custom.testing.label_runs import make_label_run, make_label_split
from tools import gate, smooth


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_label_split(tmp_path / "data", "region", num_videos=60)
    make_label_run(tmp_path / "data", tmp_path / "runs" / "x", "region", noise=1.2)
    return tmp_path


def test_a_smoothed_run_is_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert smooth.main(["runs/x"]) == 0
    printed = capsys.readouterr().out
    assert "median of up to 7 scores within 0.5 seconds before and after" in printed
    assert "ACCEPT" in printed.upper()
    raw, made = read_run("runs/x"), read_run("runs/x_smooth")
    expected = smooth_table(
        raw.val_predictions(), raw.val_ground_truth.images, Smoothing(0.5, "seconds")
    )
    np.testing.assert_array_equal(made.val_predictions().scores, expected.scores)
    assert made.test_predictions().num_boxes == raw.test_predictions().num_boxes
    assert (made.record.task, made.record.metric, made.record.fold) == ("region", "ranking_AP", 0)
    assert {source.run for source in made.record.made_from} == {"x"}
    assert made.record.value() > 0.95 > made.record.value("F1") - 0.05
    assert made.record.verdict.baseline == ("x",)
    assert "Trained elsewhere" not in printed
    lines = [line.split() for line in printed.splitlines()]
    (rope,) = [line for line in lines if line[:1] == ["rope"] and len(line) == 8]
    fp_before, fp_after, fn_before, fn_after = map(int, rope[4:])
    assert fp_after < fp_before
    assert fn_after < fn_before
    assert gate.main(["runs/x_smooth", "--baseline", "runs/x"]) == 0


def test_a_window_is_named_in_frames_or_seconds(folder: Path, capsys) -> None:
    smooth.main(["runs/x", "--frames", "1", "--past-only", "--how", "gaussian", "--out", "y"])
    assert "gaussian of up to 7 scores within 1 frames in the past" in capsys.readouterr().out
    with pytest.raises(PodiumError, match="runs/y must be free"):
        smooth.main(["runs/x", "--out", "y"])
    smooth.main(["runs/x", "--out", "y", "--overwrite"])
    with pytest.raises(PodiumError, match="runs/x must be free"):
        smooth.main(["runs/x", "--out", "x", "--overwrite"])


@pytest.mark.parametrize(
    ("key", "argv", "message"),
    [
        pytest.param("video_id", [], "must say their video", id="no video"),
        pytest.param("timestamp", ["--seconds", "1"], "lack it", id="no times"),
    ],
)
def test_what_images_must_say(tmp_path: Path, monkeypatch, key, argv, message) -> None:
    monkeypatch.chdir(tmp_path)
    make_label_split(tmp_path / "data", "region", num_videos=9)
    content = read_json("data/train.json")
    for image in content["images"]:
        del image[key]
    write_json("data/train.json", content)
    make_label_run(tmp_path / "data", tmp_path / "runs" / "x", "region")
    with pytest.raises(PodiumError, match=message):
        smooth.main(["runs/x", *argv])
    assert sorted(path.name for path in Path("runs").iterdir()) == ["x", "x.json"]
