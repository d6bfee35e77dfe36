from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, write_recipe
from custom.ensemble.run_inputs import val_of_runs
from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json, write_json
from custom.review.inputs import ENSEMBLE, Request, Review, read_review
from custom.runs import data_entry, read_run, update_record
from custom.runs.config import write_config
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import jittered, make_toy_run, make_toy_split


@pytest.fixture
def runs(toy_folder: Path, tmp_path: Path) -> Path:
    """A copy of the runs that a test may change."""
    return Path(shutil.copytree(toy_folder / "runs", tmp_path / "runs"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations and two files of predictions that need no run."""
    folder = tmp_path_factory.mktemp("files")
    make_toy_split(folder / "data", num_images=9)
    gt = read_ground_truth(folder / "data" / "train.json")
    for seed in (1, 2):
        write_results(folder / f"p{seed}.json", jittered(gt, seed), gt.categories)
    (folder / "other").mkdir()
    shutil.copy(folder / "p2.json", folder / "other" / "p1.json")
    return folder


def test_folds_of_one_config_and_seed_are_one_model(toy_review: Review, toy_folder: Path) -> None:
    assert [model.name for model in toy_review.models] == ["far-seed7", "near-seed1", ENSEMBLE]
    assert [model.final for model in toy_review.models] == [False, False, True]
    assert toy_review.models[1].note == "near.py, seed 1, folds 0, 1, 2"
    assert len(toy_review.gt.images) == 24
    assert len(toy_review.runs) == 6
    for model in toy_review.models:
        assert model.predictions.image_ids.tolist() == toy_review.gt.images.ids.tolist()
    one = read_run(toy_folder / "runs" / "near-1")
    ids = one.val_ground_truth.images.ids
    pooled = toy_review.models[1].predictions.aligned_to(ids)
    np.testing.assert_array_equal(pooled.scores, one.val_predictions().scores)


def test_the_ensemble_is_what_the_tool_fuses(toy_review: Review) -> None:
    tables = [toy_review.models[k].predictions for k in (0, 1)]
    fused = fuse(tables, toy_review.gt.images, FusionConfig())
    assert toy_review.analyses[2].score.value == score(toy_review.gt, fused).value
    assert toy_review.models[2].note == "wbf, IoU 0.55, scores from 0.0001"
    assert toy_review.final == 2
    assert toy_review.members == (0, 1)


def test_one_fold_of_one_run_has_no_ensemble(toy_folder: Path) -> None:
    review = read_review(Request(runs=[str(toy_folder / "runs" / "near-0")]))
    assert [model.name for model in review.models] == ["near-0"]
    assert (review.recipe, review.prepared, review.final) == (None, (), 0)


def test_the_runs_val_images_are_found_by_their_config(runs: Path, tmp_path: Path) -> None:
    facts = {"data_root": str(tmp_path), "train_images": "train", "val_images": "valid"}
    write_config(runs / "near-0", {"competition": facts}, "")
    assert read_review(Request(runs=[str(runs / "near-0")])).images_dir is None
    (tmp_path / "valid").mkdir()
    assert read_review(Request(runs=[str(runs / "near-0")])).images_dir == tmp_path / "valid"


def test_models_on_other_images_are_refused(runs: Path) -> None:
    shutil.rmtree(runs / "near-2")
    message = r"far-seed7 is on folds \[0, 1, 2\] .* near-seed1 on \[0, 1\]"
    with pytest.raises(PodiumError, match=message):
        read_review(Request(runs=[f"{runs}/*"]))


def test_runs_of_another_split_are_refused(runs: Path, tmp_path: Path) -> None:
    make_toy_split(tmp_path / "data", num_images=12)
    make_toy_run(tmp_path / "data", runs / "strange", fold=0)
    with pytest.raises(PodiumError, match=r"one sealed split, but near-0 .* and strange on"):
        read_review(Request(runs=[f"{runs}/near-*", str(runs / "strange")]))


def test_runs_of_other_annotations_are_refused(runs: Path, tmp_path: Path) -> None:
    record = read_json(runs / "near-0" / "run.json")
    content = read_json(record["data"]["val"]["ann_file"])
    content["categories"][0]["name"] = "other"
    other = tmp_path / "other.json"
    write_json(other, content)
    update_record(runs / "near-0", data={"val": data_entry(other)})
    with pytest.raises(PodiumError, match="judged by the same boxes, but near-"):
        read_review(Request(runs=[f"{runs}/near-*"]))


@pytest.mark.parametrize("fold", [0, 1])
def test_two_runs_of_one_name_are_refused(
    runs: Path, toy_folder: Path, tmp_path: Path, fold: int
) -> None:
    make_toy_run(toy_folder / "data", tmp_path / "again" / "near-0", 1, fold, "other.py")
    with pytest.raises(PodiumError, match="different names, but two are called near-0"):
        read_review(Request(runs=[str(runs / "near-0"), str(tmp_path / "again" / "near-0")]))


def test_predictions_without_runs(files: Path) -> None:
    paths = [str(files / "p1.json"), str(files / "other" / "p1.json")]
    review = read_review(Request(predictions=paths, ann_file=files / "data" / "train.json"))
    assert [model.name for model in review.models] == ["p1", "p1 (2)", ENSEMBLE]
    assert review.runs == ()
    assert review.title == "p1 + p1 (2) on data"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        pytest.param(Request(), "give either run folders or --predictions", id="nothing"),
        pytest.param(Request(["a"], ["b"]), "give either run folders or --predictions", id="both"),
        pytest.param(Request(predictions=["b"]), "needs the annotations .* --ann", id="no-ann"),
        pytest.param(Request(["a"], images_dir=Path("none")), "--images must be", id="images"),
        pytest.param(Request(["none/*"]), "none/. must name finished runs", id="pattern"),
        pytest.param(Request(["none"]), "none must be a run, but there is no", id="run"),
    ],
)
def test_requests_that_cannot_be_met(request_: Request, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        read_review(request_)


def test_annotations_must_have_boxes(files: Path) -> None:
    ann = files / "data" / "test.json"
    write_json(files / "none.json", [])
    with pytest.raises(PodiumError, match=r"test\.json must have annotations to evaluate on"):
        read_review(Request(predictions=[str(files / "none.json")], ann_file=ann))


def test_options_of_fusing_reach_the_ensemble(toy_folder: Path) -> None:
    runs = [f"{toy_folder}/runs/*"]
    config = FusionConfig(method="nms", iou_thr=0.4, weights=(1, 0.5))
    review = read_review(Request(runs=runs, config=config))
    assert review.models[2].note == "nms, IoU 0.4, scores from 0.0001, weights 1, 0.5"
    with pytest.raises(PodiumError, match=r"one entry per model \(2\), but got 3"):
        read_review(Request(runs=runs, config=FusionConfig(weights=(1, 1, 1))))


def test_notes_name_their_model(toy_folder: Path, tmp_path: Path) -> None:
    run = read_run(toy_folder / "runs" / "near-0")
    found = run.val_predictions()
    gt = run.val_ground_truth
    twice = concatenate_boxes(found)
    write_results(tmp_path / "once.json", found, gt.categories)
    write_results(tmp_path / "twice.json", twice, gt.categories)
    write_json(tmp_path / "ann.json", only(read_json(run.val_file), gt.images.ids.tolist()))
    paths = [str(tmp_path / name) for name in ("once.json", "twice.json")]
    request = Request(predictions=paths, ann_file=tmp_path / "ann.json")
    notes = read_review(request).notes
    assert [note.partition(" ")[0] for note in notes] == ["twice"]
    assert "50% of its boxes repeat" in notes[0]
    deduped = read_review(replace(request, repairs=Repairs(dedupe=True)))
    assert deduped.prepared[1].num_boxes == found.num_boxes


def concatenate_boxes(table: Predictions) -> Predictions:
    """Return a table with each box twice."""
    index = np.concatenate([table.image_index] * 2)
    columns = (
        np.concatenate([column] * 2) for column in (table.bboxes, table.scores, table.labels)
    )
    return Predictions.from_rows(table.image_ids, index, *columns)


def only(content: dict[str, Any], ids: list[int]) -> dict[str, Any]:
    """Return COCO content with some of its images."""
    images = [image for image in content["images"] if image["id"] in ids]
    annotations = [each for each in content["annotations"] if each["image_id"] in ids]
    return {**content, "images": images, "annotations": annotations}


def test_a_recipe_reaches_the_ensemble(
    toy_folder: Path, toy_review: Review, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.json"
    runs = [f"{toy_folder}/runs/*"]
    val = val_of_runs(toy_review.runs)
    identities = dict(reversed(val.identities.items()))
    configs = (FusionConfig(weights=(1, 0.25)),)
    write_recipe(path, Recipe(configs, identities, val.split_hash, {"honest": 0.5}, {}))
    review = read_review(Request(runs=runs, recipe_file=path))
    # The recipe has near-seed1 first.
    tables = [model.predictions for model in toy_review.models[:2]]
    fused = fuse(tables, review.gt.images, FusionConfig(weights=(0.25, 1)))
    np.testing.assert_array_equal(review.models[2].predictions.scores, fused.scores)
    assert review.models[2].note.endswith(f"weights 0.25, 1, from {path}")
    write_recipe(path, Recipe(configs, {"other": "1"}, "s", {"honest": 0.5}, {}))
    with pytest.raises(PodiumError, match="the recipe must be used with all its models"):
        read_review(Request(runs=runs, recipe_file=path))
