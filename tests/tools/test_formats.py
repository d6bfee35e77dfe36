"""Every submission format goes through every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from custom.files import read_json, write_json
from custom.runs import read_run
from custom.splits import make_split, seal
from custom.submission import FORMATS, read_submission, write_submission
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth
from tools import ensemble, import_run, labels, leaderboard, pseudo_label, review, submit

SIDE, NUM_IMAGES, BOXES_EACH = 200, 30, 3


def make_folder(folder: Path, name: str) -> None:
    """Write annotations, and two models' predictions of the same images in the format."""
    form, rng = FORMATS[name], np.random.default_rng(0)
    names = list(form.classes or (("metal", "paper") if form.has_label else ("wheat",)))
    categories = [{"id": 4 + k, "name": each} for k, each in enumerate(names)]
    images = [
        {"id": 7 + i, "file_name": f"d/{i}.jpg", "height": SIDE, "width": SIDE}
        for i in range(NUM_IMAGES)
    ]
    count = NUM_IMAGES * BOXES_EACH
    # Far apart, so that each box is found once.
    corners = np.tile([[5.0, 5.0], [70.0, 75.0], [140.0, 120.0]], (NUM_IMAGES, 1))
    sizes = rng.integers(30, 55, (count, 2)).astype(float)
    annotations = [
        {"id": k + 1, "image_id": 7 + k // BOXES_EACH, "category_id": 4 + k % len(names)}
        | {"bbox": [*corners[k].tolist(), *sizes[k].tolist()], "area": 900.0, "iscrowd": 0}
        for k in range(count)
    ]
    listed = {"images": images, "categories": categories}
    write_json(folder / "train.json", {**listed, "annotations": annotations})
    write_json(folder / "test.json", listed)
    gt = read_ground_truth(folder / "train.json")
    for model in ("a", "b"):
        scores = rng.uniform(0.02, 0.99, count).round(3)
        boxes = gt.bboxes + rng.integers(-2, 3, gt.bboxes.shape)
        table = Predictions(gt.images.ids, gt.offsets, boxes, scores, gt.labels)
        write_submission(folder / f"{model}{form.suffix}", table, gt.images, gt.categories, name)


@pytest.fixture(params=[name for name, form in FORMATS.items() if not form.holds_labels])
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a format's name, in a folder with files in that format."""
    make_folder(tmp_path, request.param)
    monkeypatch.chdir(tmp_path)
    return str(request.param)


def fuse(a: str, b: str, name: str) -> int:
    given = ["--ann", "train.json", "--format", name, "--method", "wbf"]
    return ensemble.main([a, b, *given, "--name", "x"])


def test_ensemble_passes_its_own_check(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    suffix = FORMATS[name].suffix
    assert fuse(f"a{suffix}", f"b{suffix}", name) == 0, capsys.readouterr().out
    test = read_ground_truth("test.json")
    written = f"submissions/x{suffix}"
    given = (test.images, test.categories)
    found = read_submission(written, name, *given)
    assert found.num_boxes == NUM_IMAGES * BOXES_EACH
    assert found.num_boxes == read_submission("submissions/x.json", "coco", *given).num_boxes
    assert sorted(path.name for path in Path("submissions").iterdir()) == sorted(
        {"x.json", "x.meta.json", f"x{suffix}"}
    )
    assert submit.main(["--check", written, "--format", name, "--images", "test.json"]) == 0


def by_submit(file: str, name: str) -> int:
    return submit.main([file, "--images", "test.json", "--format", name])


def by_pseudo_label(file: str, name: str) -> int:
    judged = ["--val-predictions", file, "--val-annotations", "train.json", "--unjudged"]
    chosen = ["--precision", "0.5", "--min-support", "5", "--format", name, "--out", "pseudo.json"]
    write_json("other.json", renumbered())
    files = ["--from", file, "--images", "test.json", "--train", "other.json"]
    return pseudo_label.main([*files, *judged, *chosen])


def renumbered() -> dict[str, object]:
    """Return annotations of other images, which pseudo-labels can be joined to."""
    content = read_json("train.json")
    for image in content["images"]:
        image["id"], image["file_name"] = image["id"] + 1000, f"other/{image['id']}.jpg"
    for annotation in content["annotations"]:
        annotation["image_id"] += 1000
    return dict(content)


def by_labels(file: str, name: str) -> int:
    found = ["find", "--predictions", file, "--ann", "train.json", "--format", name]
    return labels.main([*found, "--author", "x"]) or 0


def by_review(file: str, name: str) -> int:
    files = ["--predictions", file, "--ann", "train.json", "--format", name]
    return review.main([*files, "--out", "report"]) or 0


def by_leaderboard(file: str, name: str) -> int:
    return leaderboard.main(["add", file, "--public", "0.5", "--format", name]) or 0


def by_import(file: str, name: str) -> int:
    gt = read_ground_truth("train.json")
    fold = gt.take_ids(seal(make_split(gt, 3), Path("splits/x")).val_ids(0))
    found = read_submission(file, name, gt.images, gt.categories).aligned_to(fold.images.ids)
    val = f"val{FORMATS[name].suffix}"
    write_submission(val, found, fold.images, fold.categories, name)
    files = ["--val", val, "--test", file, "--ann", "train.json"]
    code = import_run.main(["x", *files, "--split", "splits/x", "--fold", "0", "--format", name])
    run = read_run("runs/x")
    np.testing.assert_allclose(run.val_predictions().bboxes, found.bboxes)
    assert run.test_predictions().num_boxes == NUM_IMAGES * BOXES_EACH
    assert (run.record.submission_format, run.record.metric) == (name, FORMATS[name].metric)
    return code or 0


@pytest.mark.parametrize("command", [by_submit, by_pseudo_label, by_labels, by_review,
                                     by_leaderboard, by_import])  # fmt: skip
def test_each_command_takes_each_format(
    name: str, command: Callable[[str, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("submissions").mkdir()
    assert command(f"a{FORMATS[name].suffix}", name) == 0, capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_blocked_ensemble_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    name = "trash" if suffix == ".csv" else "coco"
    make_folder(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("custom.ensemble.submit.blocks", lambda issues: True)
    monkeypatch.setattr("custom.ensemble.submit.Submission.is_fit", False)
    assert fuse(f"a{suffix}", f"b{suffix}", name) == ensemble.EXIT_NOT_FIT
    assert not Path("submissions").exists()
