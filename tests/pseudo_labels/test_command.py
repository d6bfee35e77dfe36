from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from custom.boxes import xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import read_json, sha256_of, write_json
from custom.pseudo_labels import pseudo_labels_for, pseudo_labels_of
from custom.runs import PseudoLabels, read_run, update_record
from custom.splits import assert_no_leak, read_split, select_part
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth, read_results, write_results
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools import pseudo_label


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a sealed split of three folds and a run that left out each."""
    monkeypatch.chdir(tmp_path)
    make_toy_split(tmp_path, num_images=90)
    for fold in range(3):
        make_toy_run(tmp_path, tmp_path / "runs" / f"fold{fold}", fold=fold)
    return tmp_path


def run(source: str = "runs/fold0.json", *options: str) -> int:
    required = ["--from", source, "--images", "test.json", "--train", "train.json"]
    chosen = ["--out", "pseudo.json", "--min-support", "5", "--precision", "0.5"]
    return pseudo_label.main([*required, *chosen, *options])


def test_boxes_above_the_thresholds_join_the_annotations(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in data.glob("*.json")}
    assert run() == 0
    assert all(path.read_bytes() == content for path, content in before.items())
    assert "written pseudo.json; fold 0 can evaluate a training on it" in capsys.readouterr().out
    train, merged = read_ground_truth("train.json"), read_ground_truth("pseudo.json")
    test = read_ground_truth("test.json")
    np.testing.assert_array_equal(merged.images.ids[:90], train.images.ids)
    assert set(merged.images.file_names[90:]) <= set(test.images.file_names)
    assert len(set(merged.images.ids.tolist())) == len(merged.images)
    added = merged.take(np.arange(90, len(merged.images)))
    assert added.num_boxes == merged.num_boxes - train.num_boxes > 0
    assert np.diff(added.offsets).min() > 0  # images without a box are left out
    limits = {
        t["name"]: t["score_thr"] for t in pseudo_labels_of("pseudo.json").extra["thresholds"]
    }
    found = read_results("runs/fold0.json", test.images, test.categories)
    taken = found.scores >= np.array([limits[n] for n in test.categories.names])[found.labels]
    names = np.array(test.images.file_names)[found.image_index[taken]]
    expected = sorted(zip(names, found.labels[taken], found.bboxes[taken].tolist(), strict=True))
    names = np.array(added.images.file_names)[added.image_index]
    actual = sorted(zip(names, added.labels, added.bboxes.tolist(), strict=True))
    assert [row[:2] for row in actual] == [row[:2] for row in expected]
    np.testing.assert_allclose([r[2] for r in actual], [r[2] for r in expected], atol=1e-9)


def test_annotations_say_their_source_and_are_coco(data: Path) -> None:
    """Regression: xyxy as COCO bbox, area = x2 * y2, categories as strings."""
    run()
    content = read_json("pseudo.json")
    made = [a for a in content["annotations"] if a["source"] == "pseudo:fold0"]
    kept = [a for a in content["annotations"] if a["source"] == "annotated"]
    assert len(kept) == len(read_json("train.json")["annotations"])
    assert len({a["id"] for a in content["annotations"]}) == len(content["annotations"])
    name_of = {image["id"]: image["file_name"] for image in content["images"]}
    test = read_ground_truth("test.json")
    found = read_results("runs/fold0.json", test.images, test.categories)
    xywh = {
        (test.images.file_names[i], tuple(np.round(box, 6)))
        for i, box in zip(found.image_index, xyxy_to_xywh(found.bboxes), strict=True)
    }
    for annotation in made:
        assert (name_of[annotation["image_id"]], tuple(np.round(annotation["bbox"], 6))) in xywh
        assert annotation["area"] == pytest.approx(annotation["bbox"][2] * annotation["bbox"][3])
        assert type(annotation["category_id"]) is int
        assert 0 < annotation["score"] <= 1
        assert annotation["iscrowd"] == 0


def test_origin_is_told(data: Path) -> None:
    run()
    origin = pseudo_labels_of("pseudo.json")
    record = read_run("runs/fold0").record
    assert origin.extra["runs"] == [
        {"name": "fold0", "fold": 0, "checkpoint_hash": record.checkpoint_hash}
    ]
    assert origin.split_hash == record.split.hash
    assert origin.unseen_folds == (0,)
    assert origin.extra["predictions"]["hash"] == sha256_of("runs/fold0.json")
    assert origin.extra["boxes"] == sum(
        a["source"].startswith("pseudo:") for a in read_json("pseudo.json")["annotations"]
    )


def test_training_on_it_works_with_any_fold(data: Path) -> None:
    """The split knows the annotated images; the others are in every fold's train part."""
    run()
    split, images = read_split("splits/toy"), read_ground_truth("pseudo.json").images
    for fold in range(3):
        part = images.take(select_part(split, fold, "train", images))
        assert sum(name.startswith("test/") for name in part.file_names) == len(images) - 90
        assert_no_leak(split, fold, part.file_names)
        assert len(select_part(split, fold, "val", images)) == len(split.val_ids(fold))


def test_a_source_that_saw_the_evaluating_fold_is_refused(data: Path) -> None:
    with pytest.raises(PodiumError, match=r"val images of fold 1, .* fold0 \(left out fold 0\)"):
        run("runs/fold0.json", "--fold", "1")
    with pytest.raises(PodiumError, match=r"of any one fold, .*fold0 .*, fold1 \(left out fold 1"):
        run("runs/fold0.json", "--runs", "runs/fold0", "runs/fold1")
    assert not Path("pseudo.json").exists()


def test_a_source_trained_on_pseudo_labels_has_seen_what_its_sources_saw(data: Path) -> None:
    update_record("runs/fold0", pseudo_labels=PseudoLabels((1,)))
    with pytest.raises(PodiumError, match="must not have seen the val images"):
        run()
    update_record("runs/fold0", pseudo_labels=PseudoLabels((0, 1)))
    assert run() == 0


def test_unknown_sources_are_refused(data: Path) -> None:
    Path("elsewhere.json").write_bytes(Path("runs/fold0.json").read_bytes())
    with pytest.raises(PodiumError, match=r"the runs that made the predictions must be known"):
        run("elsewhere.json")
    with pytest.raises(PodiumError, match="thresholds need out-of-fold predictions"):
        run("elsewhere.json", "--unjudged")
    val = read_run("runs/fold0")
    write_json("val_gt.json", _labelled(val.val_ground_truth.images.ids.tolist()))
    options = ["--val-predictions", "runs/fold0/val.json", "--val-annotations", "val_gt.json"]
    assert run("elsewhere.json", "--unjudged", *options) == 0
    assert pseudo_labels_of("pseudo.json").unseen_folds == ()


def _labelled(image_ids: list[int]) -> dict[str, Any]:
    content = read_json("train.json")
    for key, name in (("images", "id"), ("annotations", "image_id")):
        content[key] = [record for record in content[key] if record[name] in image_ids]
    return content


def test_a_fold_that_cannot_judge_is_refused_at_training(data: Path) -> None:
    run()
    split = read_split("splits/toy")
    assert pseudo_labels_for("train.json", split.hash, 1) is None
    assert pseudo_labels_for("pseudo.json", split.hash, 0).judged is True
    with pytest.raises(PodiumError, match=r"fold 1 cannot evaluate: .* left out fold \[0\]"):
        pseudo_labels_for("pseudo.json", split.hash, 1)
    with pytest.raises(PodiumError, match="fold 0 cannot evaluate"):
        pseudo_labels_for("pseudo.json", "f" * 64, 0)
    run("runs/fold0.json", "--runs", "runs/fold0", "--unjudged", "--overwrite")
    assert pseudo_labels_for("pseudo.json", split.hash, 1).judged is False


def test_lost_info_is_noticed(data: Path) -> None:
    run()
    content = read_json("pseudo.json")
    del content["info"]
    write_json("pseudo.json", content)
    with pytest.raises(PodiumError, match="was `info` lost on the way through another tool"):
        pseudo_labels_of("pseudo.json")


def test_an_ensemble_is_judged_by_its_own_recipe(data: Path) -> None:
    make_toy_run(data, data / "runs" / "other", seed=7, fold=0)
    test = read_ground_truth("test.json")
    found = read_results("runs/fold0.json", test.images, test.categories)
    write_results("submissions/e.json", found, test.categories)
    with pytest.raises(PodiumError, match="the runs that made the predictions must be known"):
        run("submissions/e.json")
    meta = {"runs": ["fold0", "other"], "recipe": {}}
    write_json("submissions/e.meta.json", meta)
    with pytest.raises(PodiumError, match=r"told by recipe\.configs in its \.meta\.json"):
        run("submissions/e.json")
    write_json("submissions/e.meta.json", {**meta, "recipe": {"configs": [{"weights": [1, 2]}]}})
    assert run("submissions/e.json") == 0
    assert [r["name"] for r in pseudo_labels_of("pseudo.json").extra["runs"]] == ["fold0", "other"]
    reverse = ("--runs", "runs/other", "runs/fold0", "--overwrite")
    assert run("submissions/e.json", *reverse) == 0
    assert [r["name"] for r in pseudo_labels_of("pseudo.json").extra["runs"]] == ["fold0", "other"]
    with pytest.raises(PodiumError, match=r"those that .*e\.meta\.json tells, fold0, other,"):
        run("submissions/e.json", "--runs", "runs/fold0", "--overwrite")
    of_class = [{"iou_thr": 0.5}, {"iou_thr": 0.6}, {"method": "nms"}]
    write_json("submissions/e.meta.json", {**meta, "recipe": {"configs": of_class}})
    assert run("submissions/e.json", "--overwrite") == 0
    write_json("submissions/e.meta.json", {**meta, "runs": ["fold0", "fold1"]})
    with pytest.raises(PodiumError, match="fold1"):
        run("submissions/e.json", "--overwrite")


def test_an_ensemble_without_duplicates_is_judged_without_them(data: Path) -> None:
    """Each box of `other` comes three times: WBF's mean score falls, unless they are dropped."""
    make_toy_run(data, data / "runs" / "other", seed=7, fold=0)
    val = Path("runs/other/val.json")
    write_json(val, [box for box in read_json(val) for _ in range(3)])
    test = read_ground_truth("test.json")
    found = read_results("runs/fold0.json", test.images, test.categories)
    write_results("submissions/e.json", found, test.categories)
    thresholds = []
    for dedupe in (False, True):
        recipe = {"configs": [{"iou_thr": 0.9}], "dedupe": dedupe}
        meta = {"runs": ["fold0", "other"], "recipe": recipe}
        write_json("submissions/e.meta.json", meta)
        run("submissions/e.json", "--overwrite")
        thresholds.append(pseudo_labels_of("pseudo.json").extra["thresholds"])
    assert thresholds[0] != thresholds[1]


def test_classes_go_by_name(data: Path) -> None:
    run()
    expected = read_json("pseudo.json")
    listed = read_json("test.json")
    listed["categories"].reverse()
    write_json("turned.json", listed)
    options = ["--images", "turned.json", "--overwrite"]
    assert run("runs/fold0.json", *options) == 0
    assert read_json("pseudo.json")["annotations"] == expected["annotations"]
    listed["categories"][0]["name"] = "tin"
    write_json("turned.json", listed)
    with pytest.raises(PodiumError, match="'tin' is not"):
        run("runs/fold0.json", *options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--out", "train.json"], "train.json is one of those that are read", id="in"),
        pytest.param(["--precision", "1.5"], "precision must be above 0", id="precision"),
        pytest.param(["--min-support", "5000"], "no box is of a class and score", id="no box"),
        pytest.param(["--images", "train.json"], "must not be annotated already, but", id="again"),
        pytest.param(["--val-predictions", "runs/fold0/val.json"], "needs --val-annot", id="half"),
    ],
)
def test_refuses(data: Path, options: list[str], message: str) -> None:
    if options[0] == "--images":
        found = read_run("runs/fold0").val_predictions()
        gt = read_ground_truth("train.json")
        empty = np.setdiff1d(gt.images.ids, found.image_ids)
        every = Predictions.from_rows(
            np.concatenate([found.image_ids, empty]),
            found.image_index,
            found.bboxes,
            found.scores,
            found.labels,
        )
        write_results("runs/fold0.json", every, gt.categories)
    with pytest.raises(PodiumError, match=message):
        run("runs/fold0.json", *options)
    assert not Path("pseudo.json").exists()


def test_an_existing_file_stays(data: Path) -> None:
    Path("pseudo.json").write_text("old")
    with pytest.raises(PodiumError, match="exists and is not; choose another --out"):
        run()
    assert Path("pseudo.json").read_text() == "old"


def test_boxes_outside_are_refused(data: Path) -> None:
    test = read_ground_truth("test.json")
    table = Predictions.from_rows(test.images.ids, [0], [[10, 10, 120, 30]], [0.99], [1])
    write_results("runs/fold0.json", table, test.categories)
    with pytest.raises(PodiumError, match=r"test/0000.jpg, box 1: a box must lie in its image"):
        run()


@pytest.mark.parametrize(("fold", "refused"), [(0, False), (1, True)])
def test_training_asks_whether_its_fold_can_judge(data: Path, fold: int, refused: bool) -> None:
    checks = pytest.importorskip("custom.training.checks.data")
    facts = pytest.importorskip("custom.training.checks.facts")
    engine_config = pytest.importorskip("mmengine.config")
    run()
    competition = {
        "data_root": str(data), "train_ann": "pseudo.json", "split": "splits/toy", "fold": fold,
    }  # fmt: skip
    known = facts.Facts(engine_config.Config({"competition": competition}))
    if refused:
        with pytest.raises(PodiumError, match="fold 1 cannot evaluate"):
            checks.check_pseudo_labels(known)
    else:
        checks.check_pseudo_labels(known)
