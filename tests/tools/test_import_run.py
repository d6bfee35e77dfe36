"""Predictions of another trainer become a run, which every command takes like any other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json, sha256_of, write_json
from custom.runs import Trainer, read_run
from custom.submission import write_submission
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import jittered, make_toy_run, make_toy_split
from tools.ensemble import main as ensemble_main
from tools.gate import main as gate_main
from tools.import_run import main
from tools.labels import main as labels_main
from tools.leaderboard import main as leaderboard_main
from tools.pseudo_label import main as pseudo_main
from tools.review import main as review_main
from tools.runs import main as runs_main
from tools.submit import main as submit_main

SPLIT = "data/splits/toy"
FOLD_0 = ["--split", SPLIT, "--fold", "0"]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A split of 36 images, and predictions of another trainer on fold 0 and the test set."""
    folder = tmp_path_factory.mktemp("import")
    split = make_toy_split(folder / "data", num_images=36)
    gt = read_ground_truth(folder / "data" / "train.json")
    test = read_ground_truth(folder / "data" / "test.json")
    seen = jittered(read_ground_truth(folder / "data" / "test_boxes.json"), 9)
    folds = [gt.take_ids(split.val_ids(fold)) for fold in range(3)]
    found = [jittered(fold, seed) for seed, fold in enumerate(folds)]
    make_toy_run(folder / "data", folder / "runs" / "ours", seed=7)
    return SimpleNamespace(
        folder=folder, gt=gt, folds=folds, found=found, test=test, found_test=seen
    )


@pytest.fixture
def place(
    sealed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """The same in a folder of its own: `runs/` and the files are new, `data/` is shared."""
    os.symlink(sealed.folder / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    gt = sealed.gt
    for fold in range(3):
        write_results(f"val{fold}.json", sealed.found[fold], gt.categories)
    write_csv("val.csv", sealed.found[0], sealed.folds[0])
    write_csv("test.csv", sealed.found_test, sealed.test)
    return sealed


def write_csv(path: str, table: Predictions, gt: GroundTruth) -> None:
    write_submission(path, table, gt.images, gt.categories, "trash")


def edit_lines(path: str, change: str = "") -> list[str]:
    """Return the lines of a CSV."""
    return Path(path).read_text().splitlines()


def test_an_imported_run_goes_through_every_command(
    place: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["yolo", "--val", "val.csv", "--test", "test.csv", *FOLD_0]
    main([*arguments, "--trainer", "ultralytics 8.4", "--note", "from Kim"])
    value = score(place.folds[0], read_run("runs/yolo").val_predictions()).value
    assert f"runs/yolo: AP50 {value:.4f} on the 12 images of fold 0" in capsys.readouterr().out
    make_toy_run(Path("data"), Path("runs/ours"), seed=7)

    assert gate_main(["runs/yolo", "--baseline", "runs/ours"]) in (0, 1, 3)
    text = capsys.readouterr().out
    assert "Trained elsewhere: yolo (ultralytics 8.4). In what else than the change" in text
    assert "The noise of the seeds is not in the interval" in text
    assert read_run("runs/yolo").record.verdict.baseline == ("ours",)

    runs_main(["runs", "--json", "rows.json"])
    rows = {row["run"]: row for row in read_json("rows.json")}
    assert (rows["yolo"]["seed"], rows["yolo"]["trainer"]) == (None, "ultralytics 8.4")
    assert rows["yolo"]["changed"] == []

    ensemble_main(["runs/yolo.json", "runs/ours.json", "--name", "both"])
    assert read_json("submissions/both.meta.json")["runs"] == ["yolo", "ours"]
    assert submit_main(["--check", "submissions/both.csv"]) == 0
    assert submit_main(["runs/yolo.json", "--train", "data/train.json"]) == 0
    assert "passed: submissions/yolo.csv" in capsys.readouterr().out
    leaderboard_main(["add", "submissions/yolo.csv", "--public", "0.4"])
    (line,) = Path("submissions/ledger.jsonl").read_text().splitlines()
    assert json.loads(line)["val"] == pytest.approx(value)

    review_main(["runs/yolo", "runs/ours", "--out", "review"])
    page = "".join(path.read_text() for path in Path("review").glob("*.html"))
    assert "ultralytics 8.4, seed unknown, fold 0" in page
    labels_main(["find", "--runs", "runs/yolo", "runs/ours", "--out", "suspects.json"])
    assert read_json("suspects.json")["suspects"]
    pseudo = ["--from", "runs/yolo.json", "--images", "data/test.json", "--out", "pseudo.json"]
    chosen = ["--precision", "0.3", "--min-support", "2", "--train", "data/train.json"]
    assert pseudo_main([*pseudo, *chosen]) == 0
    assert read_json("pseudo.json")["info"]["pseudo_labels"]["unseen_folds"] == [0]


def test_a_record_says_where_it_comes_from(place: SimpleNamespace) -> None:
    main(["yolo", "--val", "val.csv", "--test", "test.csv", *FOLD_0, "--trainer", "RF-DETR 1.3"])
    run = read_run("runs/yolo")
    record = run.record
    assert record.trainer == Trainer("RF-DETR", "1.3")
    assert [source.path for source in record.made_from] == ["val.csv", "test.csv"]
    assert record.made_from[0].hash == sha256_of("val.csv")
    assert (record.seed, record.config, record.checkpoint_hash) == (None, "", None)
    assert (record.task, record.metric) == ("detection", "AP50")
    assert record.value() == score(place.folds[0], run.val_predictions()).value
    assert set(record.per_class()) == {"can", "bag", "box"}
    with pytest.raises(PodiumError, match=r"trained here for this, but was imported from val\.csv"):
        run.config()
    found = run.val_predictions()
    assert found.image_ids.tolist() == place.folds[0].images.ids.tolist()
    np.testing.assert_allclose(found.bboxes, place.found[0].bboxes, atol=1e-3)
    np.testing.assert_allclose(run.test_predictions().scores, place.found_test.scores, atol=1e-6)


def test_csv_and_coco_results_are_the_same_run(place: SimpleNamespace) -> None:
    main(["a", "--val", "val.csv", *FOLD_0])
    main(["b", "--val", "val0.json", *FOLD_0])
    values = [read_run(f"runs/{name}").record.value() for name in "ab"]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    assert "test" not in read_run("runs/a").record.data


def test_several_folds_are_one_model(
    place: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    several = ["--split", SPLIT, "--folds", "0", "1", "2"]
    main(["yolo", "--val", "val{fold}.json", *several])
    assert capsys.readouterr().out.count("on the 12 images of fold") == 3
    review_main(["runs/yolo_*", "--out", "review"])
    assert "seed unknown, folds 0, 1, 2" in Path("review/index.html").read_text()
    with pytest.raises(PodiumError, match=r"--val must have \{fold\} .* since there are 3 folds"):
        main(["again", "--val", "val0.json", *several])
    with pytest.raises(PodiumError, match=r"folds must be different numbers, but are \[1, 1\]"):
        main(["again", "--val", "val{fold}.json", "--split", SPLIT, "--folds", "1", "1"])


def test_all_folds_are_imported_or_none(place: SimpleNamespace) -> None:
    Path("val1.json").write_text("[]")
    with pytest.raises(PodiumError, match=r"val1\.json must have predictions on fold 1, but has"):
        main(["yolo", "--val", "val{fold}.json", "--split", SPLIT, "--folds", "0", "1"])
    assert not Path("runs").exists()


def test_images_without_predictions_stay_and_many_are_suspicious(
    place: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = edit_lines("val.csv")
    Path("few.csv").write_text("\n".join([header, *lines[:3]]))
    main(["few", "--val", "few.csv", *FOLD_0])
    said = capsys.readouterr().out
    assert "few.csv: 9 of 12 images with annotated boxes of fold 0 have no prediction, the" in said
    assert "Was a part of the file lost" in said
    assert read_run("runs/few").val_predictions().num_images == 12
    Path("most.csv").write_text("\n".join([header, *lines[:-1]]))
    main(["most", "--val", "most.csv", *FOLD_0])
    assert "have no prediction" not in capsys.readouterr().out


def test_images_of_another_fold_are_refused_by_name(place: SimpleNamespace) -> None:
    first = place.folds[1].images.file_names[0]
    content = read_json("val0.json") + read_json("val1.json")[:1]
    write_json("mixed.json", content)
    (index,) = {content[-1]["image_id"]}
    name = place.gt.images.file_names[place.gt.images.index_of_id[index]]
    with pytest.raises(PodiumError, match=f"images of fold 0 only, but {name} is not one of them"):
        main(["yolo", "--val", "mixed.json", *FOLD_0])
    Path("mixed.csv").write_text("\n".join([*edit_lines("val.csv"), f",{first}"]))
    with pytest.raises(PodiumError, match=f"images of fold 0 only, but {first} is not one of them"):
        main(["yolo", "--val", "mixed.csv", *FOLD_0])
    Path("strange.csv").write_text("\n".join([*edit_lines("val.csv"), ",nowhere.jpg"]))
    with pytest.raises(PodiumError, match=r"must name an image of fold 0, like .* 'nowhere.jpg'"):
        main(["yolo", "--val", "strange.csv", *FOLD_0])
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"score": 80.0}, r"score must be in \[0, 1\], but is 80", id="score"),
        pytest.param({"bbox": [90, 90, 40, 40]}, "a box must lie in its image", id="outside"),
        pytest.param({"bbox": [9, 9, -4, 4]}, "w and h must be positive", id="sides"),
        pytest.param({"category_id": 7}, "category_id must name a known category", id="class"),
        pytest.param({"image_id": 999}, "image_id must name a known image", id="image"),
        pytest.param({"image_id": True}, "image_id must name a known image, but True", id="true"),
    ],
)
def test_what_no_submission_may_hold_is_refused(
    place: SimpleNamespace, change: dict[str, object], message: str
) -> None:
    content = read_json("val0.json")
    write_json("bad.json", [{**content[0], **change}, *content[1:]])
    with pytest.raises(PodiumError, match=rf"bad\.json: .*{message}"):
        main(["yolo", "--val", "bad.json", *FOLD_0])
    assert not Path("runs").exists()


def test_repairs_are_made_where_they_are_asked_for(
    place: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    content = read_json("val0.json")
    write_json("bad.json", [{**content[0], "bbox": [90, 90, 40, 40]}, *content[1:]])
    main(["yolo", "--val", "bad.json", *FOLD_0, "--clip", "--max-repaired", "0.1"])
    assert "1 boxes were limited to their images" in capsys.readouterr().out
    assert read_run("runs/yolo").val_predictions().bboxes.max() <= 100


def test_a_run_is_not_written_over(place: SimpleNamespace) -> None:
    make_toy_run(Path("data"), Path("runs/ours"), seed=7)
    before = Path("runs/ours/run.json").read_bytes()
    for extra in ([], ["--overwrite"]):
        with pytest.raises(PodiumError, match=r"runs/ours must be free, but exists"):
            main(["ours", "--val", "val0.json", *FOLD_0, *extra])
    assert Path("runs/ours/run.json").read_bytes() == before
    main(["yolo", "--val", "val0.json", *FOLD_0])
    main(["yolo", "--val", "val.csv", *FOLD_0, "--overwrite"])
    assert read_run("runs/yolo").record.made_from[0].path == "val.csv"
    Path("runs/yolo/val.json").write_text("[]")
    with pytest.raises(PodiumError, match=r"val\.json must be what .* tools/import_run\.py yolo"):
        gate_main(["runs/yolo", "--baseline", "runs/ours"])
    with pytest.raises(PodiumError, match="a run's name must be a plain name"):
        main(["a/b", "--val", "val0.json", *FOLD_0])


def test_annotations_and_test_images_can_be_named(place: SimpleNamespace, tmp_path: Path) -> None:
    content = read_json("data/train.json")
    for entry in content["images"]:
        entry["file_name"] = f"images/{entry['file_name']}"
    write_json("clean.json", {**content, "info": {"cleaned": "by hand"}})
    listing = tmp_path / "list.json"
    listing.write_bytes(Path("data/test.json").read_bytes())
    named = ["--ann", "clean.json", "--test-images", str(listing), "--test", "test.csv"]
    main(["yolo", "--val", "val0.json", *FOLD_0, *named])
    data = read_run("runs/yolo").record.data
    assert (data["val"].ann_file, data["test"].ann_file) == ("clean.json", str(listing))
    with pytest.raises(PodiumError, match=r"there is no none\.json; name it by --test-images"):
        main(["b", "--val", "val0.json", *FOLD_0, *named, "--test-images", "none.json"])


RENAMED = {
    "base name": lambda name: Path(name).name,
    "stem": lambda name: Path(name).stem,
    "folder added": lambda name: f"upload/{name}",
    "Label Studio": lambda name: f"images/1a2b3c4d-{Path(name).name}",
    "Roboflow": lambda name: f"{Path(name).stem}_jpg.rf.0a1B2c3D.jpg",
}


@pytest.mark.parametrize("how", RENAMED)
@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_images_are_known_by_what_their_names_became(
    place: SimpleNamespace, how: str, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rename = RENAMED[how]
    names = {image["id"]: image["file_name"] for image in read_json("data/train.json")["images"]}
    if suffix == "json":
        found = read_json("val0.json")
        write_json("val0.json", [{**e, "image_id": rename(names[e["image_id"]])} for e in found])
    else:
        for name in names.values():
            text = Path("val.csv").read_text()
            Path("val.csv").write_text(text.replace(f",{name}\n", f",{rename(name)}\n"))
    argv = ["mate", "--val", "val0.json" if suffix == "json" else "val.csv", *FOLD_0]
    if how in ("Label Studio", "Roboflow"):
        with pytest.raises(PodiumError, match=r"fit by their stems.* match them with --match stem"):
            main(argv)
        argv += ["--match", "stem"]
    assert main(argv) is None
    assert "were matched" in capsys.readouterr().out
    imported = read_run("runs/mate").val_predictions()
    assert np.array_equal(imported.image_ids, place.folds[0].images.ids)
    assert np.allclose(imported.bboxes, place.found[0].bboxes, atol=1e-3)


def test_names_that_mean_no_image_or_one_twice_are_refused(place: SimpleNamespace) -> None:
    found = read_json("val0.json")
    names = {image["id"]: image["file_name"] for image in read_json("data/train.json")["images"]}
    as_names = [{**each, "image_id": names[each["image_id"]]} for each in found]
    for first, words in (
        ("strange.jpg", "like .* but 'strange.jpg' does not"),
        (Path(as_names[1]["image_id"]).stem, "both mean"),
        (7, "image_id must name a known image"),
    ):
        write_json("bad.json", [{**as_names[0], "image_id": first}, *as_names[1:]])
        with pytest.raises(PodiumError, match=words):
            main(["mate", "--val", "bad.json", *FOLD_0])
    lines = Path("val.csv").read_text().splitlines()
    Path("bad.csv").write_text("\n".join([*lines, "," + Path(lines[1].rpartition(",")[2]).name]))
    with pytest.raises(PodiumError, match="each row must be of another image"):
        main(["mate", "--val", "bad.csv", *FOLD_0])
    with pytest.raises(PodiumError, match="some are numbers; leave it out"):
        main(["mate", "--val", "val0.json", *FOLD_0, "--match", "stem"])
    assert not Path("runs").exists()
