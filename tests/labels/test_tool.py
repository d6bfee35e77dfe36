from __future__ import annotations

import json
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json
from custom.labels.both import score_under_both
from custom.labels.oof import out_of_fold
from custom.runs import data_entry, read_run, update_record
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import jittered, make_toy_run, make_toy_split
from tools.labels import main


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three folds, the first by two models."""
    make_toy_split(tmp_path / "data")
    folder = tmp_path / "runs"
    for name, fold in (("a0", 0), ("b0", 0), ("a1", 1), ("a2", 2)):
        make_toy_run(tmp_path / "data", folder / name, seed=ord(name[0]) + fold, fold=fold)
    return folder


def boxes_of(path: Path) -> list[tuple[float, ...]]:
    annotations = json.loads(path.read_text())["annotations"]
    return sorted((a["image_id"], a["category_id"], *a["bbox"]) for a in annotations)


def test_suspects_of_runs_become_a_patch_that_applies(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, patch, clean = (tmp_path / name for name in ("s.json", "p.jsonl", "clean.json"))
    arguments = ["find", "--runs", f"{runs}/*", "--out", str(out), "--author", "ann"]
    main([*arguments, "--patch", str(patch), "--top", "5"])
    content = json.loads(out.read_text())
    scores = [suspect["score"] for suspect in content["suspects"]]
    assert len(scores) > 5
    assert scores == sorted(scores, reverse=True)
    lines = [json.loads(line) for line in patch.read_text().splitlines()]
    assert len(lines) == 5
    assert {line["author"] for line in lines} == {"ann"}
    train = tmp_path / "data" / "train.json"
    main(["apply", str(train), str(patch), "--out", str(clean)])
    back = tmp_path / "back.jsonl"
    main(["diff", str(train), str(clean), "--out", str(back), "--author", "ann"])
    again = tmp_path / "again.json"
    main(["apply", str(train), str(back), "--out", str(again)])
    boxes = [boxes_of(clean), boxes_of(again)]
    assert boxes[0] == boxes[1]
    kept = patch.read_bytes()
    for command in (["diff", str(train), str(clean), "--out"], [*arguments, "--patch"]):
        with pytest.raises(PodiumError, match=r"p\.jsonl must be a new patch, but exists"):
            main([*command, str(patch)])
    assert patch.read_bytes() == kept
    main([*arguments, "--patch", str(patch), "--top", "2", "--overwrite"])
    assert len(patch.read_text().splitlines()) == 2
    assert "30 images" in capsys.readouterr().out


def test_folds_are_joined_and_models_fused(runs: Path) -> None:
    found = [read_run(runs / name) for name in ("a0", "b0", "a1")]
    gt, predictions = out_of_fold(found)
    judged = [len(found[k].val_ground_truth.images) for k in (0, 2)]
    assert len(gt.images) == predictions.num_images == sum(judged)
    assert gt.images.ids.tolist() == predictions.image_ids.tolist()
    second = found[2].val_predictions()
    assert predictions.num_boxes > second.num_boxes
    part = predictions.take(range(judged[0], sum(judged)))
    assert part.scores.tolist() == second.scores.tolist()


def judge_by_copy(run: Path, changed_image: int) -> None:
    """Judge a run by a copy of its annotations: an image more, one image's boxes changed."""
    train = run.parents[1] / "data" / "train.json"
    content = json.loads(train.read_text())
    content["images"].append({**content["images"][0], "id": 999, "file_name": "test/999.jpg"})
    for annotation in content["annotations"]:
        if annotation["image_id"] == changed_image:
            annotation["bbox"][2] -= 1
    copy = train.with_name(f"copy_{run.name}.json")
    copy.write_text(json.dumps(content))
    update_record(run, data={"val": data_entry(copy)})


def test_runs_judged_by_other_boxes_are_refused(runs: Path) -> None:
    """What counts is the boxes of the images that judge a run, not the rest of its file."""
    found = [read_run(runs / name) for name in ("a0", "a1")]
    gt, predictions = out_of_fold(found)
    judged = found[1].val_ground_truth.images.ids.tolist()
    judge_by_copy(runs / "a1", changed_image=found[0].val_ground_truth.images.ids.tolist()[0])
    found = [read_run(runs / name) for name in ("a0", "a1")]
    again = out_of_fold(found)
    assert again[0].bboxes.tolist() == gt.bboxes.tolist()
    assert again[1].bboxes.tolist() == predictions.bboxes.tolist()
    judge_by_copy(runs / "a1", changed_image=judged[0])
    found = [read_run(runs / name) for name in ("a0", "a1")]
    with pytest.raises(PodiumError, match="judged by the same boxes, but a0 and a1 were by files"):
        out_of_fold(found)


def test_runs_are_scored_under_both(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels that equal what a run predicts, in a renumbered file, score higher than the old."""
    run = read_run(runs / "a1")
    train = tmp_path / "data" / "train.json"
    content = json.loads(train.read_text())
    judged = set(run.split.val_ids(1).tolist())
    kept = [a for a in content["annotations"] if a["image_id"] not in judged]
    seen = [p for p in json.loads((runs / "a1" / "val.json").read_text()) if p["score"] > 0.3]
    content["annotations"] = [{**a, "id": i, "iscrowd": 0} for i, a in enumerate([*kept, *seen])]
    for entry in [*content["images"], *content["annotations"]]:
        key = "image_id" if "image_id" in entry else "id"
        entry[key] += 1000
    clean = tmp_path / "clean.json"
    clean.write_text(json.dumps(content))
    (row,) = score_under_both([run], train, clean)
    assert row.old == pytest.approx(score(run.val_ground_truth, run.val_predictions()).value)
    assert row.new > max(0.95, row.old)
    assert row.changed == len(judged)
    main(["score", str(train), str(clean), "--runs", str(runs / "a1")])
    assert f"{row.new:.4f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --runs or --predictions"),
        (["--predictions", "p.csv"], "--predictions needs the annotations"),
        (["--runs", "nowhere/*"], "must name finished runs"),
    ],
)
def test_bad_calls(arguments: list[str], message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        main(["find", *arguments])


def test_find_writes_over_suspects_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_toy_split(tmp_path / "data")
    gt = read_ground_truth(tmp_path / "data" / "train.json")
    monkeypatch.chdir(tmp_path)
    write_results("mate.json", jittered(gt, 1), gt.categories)
    find = ["find", "--predictions", "mate.json", "--ann", "data/train.json", "--author", "x"]
    for path, message in (
        ("data/train.json", "is read by this command"),
        ("mate.json", "is read by this command"),
        ("data/test.json", "exists and is not"),
    ):
        before = Path(path).read_bytes()
        with pytest.raises(PodiumError, match=message):
            main([*find, "--out", path])
        assert Path(path).read_bytes() == before
    main([*find, "--out", "suspects.json"])
    main([*find, "--out", "suspects.json"])
    main([*find, "--out", "data/test.json", "--overwrite"])
    assert set(read_json("data/test.json")) == {"annotations", "suspects"}
