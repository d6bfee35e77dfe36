from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.files import read_json
from custom.runs import read_run
from custom.testing import shared_data
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools.review import main, parse_args

TOOL = Path(__file__).resolve().parents[2] / "tools" / "review.py"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    make_toy_split(tmp_path / "data", num_images=12)
    for name, seed in (("a", 1), ("b", 2)):
        make_toy_run(tmp_path / "data", tmp_path / "runs" / name, seed, config=f"{name}.py")
    return tmp_path / "runs"


def test_runs_become_a_folder(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reports" / "review"
    main([str(runs / "a"), str(runs / "b"), "--out", str(out), "--method", "soft-nms"])
    assert f"written {out / 'index.html'}: open it in a browser" in capsys.readouterr().out
    facts = read_json(out / "review.json")
    assert [model["name"] for model in facts["models"]] == ["a", "b", "ensemble"]
    assert facts["models"][2]["note"].startswith("soft_nms, IoU 0.55")
    low, high = facts["models"][0]["interval"]
    assert low < facts["models"][0]["value"] < high
    assert facts["images"] == len(read_run(runs / "a").val_ground_truth.images)
    for name in ("index.html", "classes.html", "errors.html", "gallery.html", "plotly.min.js"):
        assert (out / name).stat().st_size
    assert list(out.parent.glob(".review*")) == []


def test_a_second_review_replaces_the_first(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "review"
    main([f"{runs}/*", "--out", str(out)])
    main([str(runs / "b"), "--out", str(out)])
    assert [model["name"] for model in read_json(out / "review.json")["models"]] == ["b"]
    assert "only" not in (out / "index.html").read_text()


def test_bad_input_ends_with_code_2_and_writes_nothing(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "review"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for arguments in ([str(runs / "a")], ["--predictions", "none.csv", "--ann", "none.json"]):
        command = [sys.executable, str(TOOL), *arguments, "--out", str(out)]
        process = subprocess.run(command, capture_output=True, text=True)
        assert process.returncode == 2
        assert process.stderr.startswith("error: ")
        assert "Traceback" not in process.stderr
        assert [path.name for path in out.iterdir()] == ["notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "review", "runs"]


def test_a_fault_midway_leaves_the_older_review(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "review"
    main([str(runs / "a"), "--out", str(out)])
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    images = tmp_path / "images"
    images.mkdir()
    with pytest.raises(PodiumError, match="train/"):
        main([str(runs / "a"), "--images", str(images), "--out", str(out)])
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "data", "images", "review", "runs",
    ]  # fmt: skip
    assert list(tmp_path.glob(".review*")) == []


def test_the_defaults_are_those_of_the_ensemble() -> None:
    from custom.ensemble.options import fusion_of
    from tools.ensemble import parse_args as ensemble_args
    from tools.review import request_of

    assert request_of(parse_args(["x"])).config == fusion_of(ensemble_args(["x"]))


@pytest.mark.slow
def test_real_predictions_without_images(tmp_path: Path) -> None:
    predictions = shared_data("predictions/train_faster_rcnn.csv")
    ann = shared_data("trash-gt/train.json")
    out = tmp_path / "review"
    main(["--predictions", str(predictions), "--ann", str(ann), "--out", str(out)])
    facts = read_json(out / "review.json")
    assert facts["models"][0]["value"] == pytest.approx(0.5244, abs=1e-4)
    page = (out / "index.html").read_text()
    assert "<strong>0.524</strong>" in page
    assert "23,144 boxes" in page
    assert "pycocotools gives the same number" in page
    assert "below 0.30" in page
    size = (
        sum(path.stat().st_size for path in out.rglob("*.js"))
        - (out / "plotly.min.js").stat().st_size
    )
    assert size < 40e6
    shutil.rmtree(out)
