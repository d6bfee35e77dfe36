from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import read_json, sha256_of, write_json
from custom.leaderboard.ledger import read_ledger
from custom.submission import read_submission, write_submission
from custom.submission.command import context_of, export
from custom.tables import Categories, Images, Predictions
from custom.testing import shared_data
from tools import leaderboard, submit

IMAGES = Images([1, 2], ["test/a.jpg", "test/b.jpg"], [[64, 64]] * 2, "test.json")
CATEGORIES = Categories((1, 2), ("metal", "paper"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory with the data set and a run's predictions."""
    monkeypatch.chdir(tmp_path)
    images = [
        {"id": int(i), "file_name": name, "height": 64, "width": 64}
        for i, name in zip(IMAGES.ids, IMAGES.file_names, strict=True)
    ]
    categories = [{"id": 1, "name": "metal"}, {"id": 2, "name": "paper"}]
    write_json("test.json", {"images": images, "categories": categories})
    boxes = [
        {"id": i, "image_id": 1, "category_id": 1 + i, "bbox": [1, 1, 9, 9], "area": 81}
        for i in range(2)
    ]
    write_json("train.json", {"images": images, "categories": categories, "annotations": boxes})
    table = Predictions.from_rows(
        [1, 2], [0, 0], [[1, 2, 60, 63.5], [5, 5, 30, 20]], [0.05, 0.5], [0, 1]
    )
    Path("runs").mkdir()
    write_submission("runs/x.json", table, IMAGES, CATEGORIES, "coco")
    return tmp_path


def test_writes_and_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit.main(["runs/x.json", "--images", "test.json"]) == 0
    assert capsys.readouterr().out.endswith("passed: submissions/x.csv\n")
    assert Path("submissions/x.csv").read_text() == (
        "PredictionString,image_id\n"
        "1 0.05 1.0 2.0 60.0 63.5 2 0.5 5.0 5.0 30.0 20.0 ,test/a.jpg\n,test/b.jpg\n"
    )
    assert submit.main(["--check", "submissions/x.csv", "--images", "test.json"]) == 0


def test_blocked_is_not_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = Predictions.from_rows([1, 2], [1], [[-5, 2, 60, 70]], [0.5], [0])
    write_submission("runs/y.json", table, IMAGES, CATEGORIES, "coco")
    Path("submissions").mkdir()
    Path("submissions/y.csv").write_text("old")
    assert submit.main(["runs/y.json", "--images", "test.json", "--overwrite"]) == 1
    out = capsys.readouterr().out
    assert "error: line 3 (test/b.jpg), box 1: a box must lie in its image (64x64)" in out
    assert "BLOCKED" in out
    assert Path("submissions/y.csv").read_text() == "old"
    assert (
        submit.main(
            ["runs/y.json", "--images", "test.json", "--clip", "--max-repaired", "1", "--overwrite"]
        )
        == 0
    )
    assert "1 boxes were limited to their images" in capsys.readouterr().out
    found = read_submission("submissions/y.csv", "trash", IMAGES, CATEGORIES)
    assert found.bboxes.tolist() == [[0, 2, 60, 64]]


def test_degenerate_boxes_are_dropped_by_name_only(folder: Path) -> None:
    table = Predictions.from_rows([1, 2], [1, 1], [[5, 2, 5, 9], [1, 1, 2, 2]], [0.5, 0.05], [0, 0])
    write_submission("runs/y.json", table, IMAGES, CATEGORIES, "coco")
    assert submit.main(["runs/y.json", "--images", "test.json"]) == 1
    assert (
        submit.main(
            ["runs/y.json", "--images", "test.json", "--drop-degenerate", "--max-repaired", "0.5"]
        )
        == 0
    )
    assert read_submission("submissions/y.csv", images=IMAGES, categories=CATEGORIES).num_boxes == 1


def test_other_formats_and_names(folder: Path) -> None:
    command = ["runs/x.json", "--images", "test.json", "--format", "vinbigdata", "--out", "z/v.csv"]
    assert submit.main(command) == 0
    assert Path("z/v.csv").read_text().endswith("\nb,14 1 0 0 1 1\n")


def test_another_submission_is_not_replaced(folder: Path) -> None:
    Path("submissions").mkdir()
    Path("submissions/x.csv").write_text("old")
    with pytest.raises(PodiumError, match=r"x\.csv must be free .* but exists .* use --overwrite"):
        submit.main(["runs/x.json", "--images", "test.json"])
    assert Path("submissions/x.csv").read_text() == "old"


def test_images_must_be_known(folder: Path) -> None:
    with pytest.raises(PodiumError, match=r"name them by --images test\.json"):
        submit.main(["runs/x.json"])
    with pytest.raises(PodiumError, match=r"name the images by --images test\.json"):
        submit.main(["--check", "x.csv", "--like", "y.csv"])


def test_annotations_must_have_the_same_classes(folder: Path) -> None:
    content = read_json("train.json")
    content["categories"].reverse()
    write_json("other.json", content)
    with pytest.raises(PodiumError, match=r"other\.json must have the classes of the test images"):
        context_of("runs/x.json", "test.json", "other.json")


def test_classes_are_compared_with_annotations_and_the_last_submission(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit.main(["runs/x.json", "--images", "test.json", "--train", "train.json"]) == 0
    assert (
        "warning: classes are 41% off the annotations' shares, but 0% if they are"
        in capsys.readouterr().out
    )
    assert leaderboard.main(["add", "submissions/x.csv", "--public", "0.6"]) == 0
    assert submit.main(["runs/x.json", "--images", "test.json"]) == 0
    assert "last accepted" not in capsys.readouterr().out
    table = Predictions.from_rows([1, 2], [0], [[1, 2, 60, 63]], [0.05], [0])
    write_submission("runs/y.json", table, IMAGES, CATEGORIES, "coco")
    assert submit.main(["runs/y.json", "--images", "test.json"]) == 0
    assert "91% off the last accepted submission's: metal has 100%" in capsys.readouterr().out


def test_meta_follows_the_file_into_the_ledger(folder: Path) -> None:
    meta = {"runs": ["a"], "val": {"mAP50": 0.7}, "recipe": {"method": "nms"}, "hash": "json's"}
    write_json("runs/x.meta.json", meta)
    assert submit.main(["runs/x.json", "--images", "test.json"]) == 0
    kept = {"val": {"metric": "AP50", "value": 0.7}, "hash": sha256_of("submissions/x.csv")}
    assert read_json("submissions/x.meta.json") == {**meta, **kept}
    command = ["add", "submissions/x.csv", "--public", "0.69", "--time", "2026-11-20T10:00+00:00"]
    assert leaderboard.main(command) == 0
    (entry,) = read_ledger("submissions/ledger.jsonl")
    assert (entry.val, entry.public, entry.runs) == (0.7, 0.69, ("a",))


def test_a_run_tells_images_classes_and_score(folder: Path) -> None:
    entry = {"ann_file": str(folder / "test.json"), "hash": sha256_of("test.json")}
    val = {"ann_file": str(folder / "train.json"), "hash": sha256_of("train.json")}
    write_json(
        "runs/x/run.json",
        {
            "name": "x",
            "config": "c.py",
            "seed": 1,
            "fold": 0,
            "split": {"path": "s", "hash": "h"},
            "data": {"test": entry, "val": val},
            "metrics": {"mAP50": 0.5},
        },
    )
    context = context_of("runs/x.json")
    assert context.images is not None
    assert context.images.file_names == IMAGES.file_names
    np.testing.assert_array_equal(context.val_shares, [0.5, 0.5])
    outcome = export("runs/x.json", context)
    assert outcome.written == Path("submissions/x.csv")
    meta = read_json("submissions/x.meta.json")
    assert (meta["runs"], meta["split_hash"], meta["val"]["value"]) == (["x"], "h", 0.5)


def test_one_of_the_two_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["runs/x.json", "--check", "x.csv"]):
        with pytest.raises(SystemExit, match="2"):
            submit.main(command)


def test_report_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaderboard.main(["report"]) == 0
    assert "the ledger is empty" in capsys.readouterr().out


def test_real_submission_passes(capsys: pytest.CaptureFixture[str]) -> None:
    csv = shared_data("predictions/test_cascade_swin_t_all.csv")
    names = [shared_data(f"trash-gt/{part}.json") for part in ("test", "train")]
    assert (
        submit.main(["--check", str(csv), "--images", str(names[0]), "--train", str(names[1])]) == 0
    )
    assert capsys.readouterr().out == f"passed: {csv}\n"


def test_pandas_empty_json_is_no_submission(folder: Path) -> None:
    Path("runs/z.json").write_text(json.dumps({"images": []}))
    with pytest.raises(PodiumError, match="must be COCO results"):
        submit.main(["runs/z.json", "--images", "test.json"])
