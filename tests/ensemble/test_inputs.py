"""What is fused is aligned by image, joined over folds, and refused where it does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.ensemble.inputs import read_inputs
from custom.errors import PodiumError
from custom.runs import read_run
from custom.testing.toy_runs import edit_record, make_toy_annotations, make_toy_run, make_toy_split


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_toy_split(tmp_path)
    return tmp_path


def runs_of(data: Path, **folds: tuple[str, int, int]) -> list[str]:
    """Make runs from name -> (config, seed, fold)."""
    return [
        str(make_toy_run(data, data / "runs" / name, seed=seed, fold=fold, config=config))
        for name, (config, seed, fold) in folds.items()
    ]


def test_runs_on_one_fold_are_models_of_their_own(data: Path) -> None:
    inputs = read_inputs(runs_of(data, a=("a.py", 42, 0), b=("b.py", 42, 0)))
    assert inputs.val is not None
    assert inputs.val.names == ("a", "b")
    fold = read_run(data / "runs" / "a").split.val_ids(0)
    assert sorted(inputs.val.gt.images.ids.tolist()) == sorted(fold.tolist())
    assert [m.num_images for m in inputs.models] == [6, 6]


def test_the_folds_of_one_model_are_joined(data: Path) -> None:
    paths = runs_of(
        data, a0=("a.py", 42, 0), a1=("a.py", 42, 1), b0=("b.py", 1, 0), b1=("b.py", 1, 1)
    )
    val = read_inputs(paths).val
    assert val is not None
    assert val.names == ("a-seed42", "b-seed1")
    split = read_run(data / "runs" / "a0").split
    both = np.union1d(split.val_ids(0), split.val_ids(1))
    assert sorted(val.gt.images.ids.tolist()) == both.tolist()
    assert val.model_of_file == (0, 0, 1, 1)
    assert val.weights([1, 3, 2, 2]) == ((1 + 3) / 2, 2)


def test_models_without_a_common_val_image_cannot_be_scored(data: Path) -> None:
    paths = runs_of(data, a=("a.py", 42, 0), b=("b.py", 42, 1))
    with pytest.raises(PodiumError, match="no val image is out of fold for every model"):
        read_inputs(paths)


def test_other_splits_are_refused(data: Path) -> None:
    paths = runs_of(data, a=("a.py", 42, 0), b=("b.py", 42, 0))
    edit_record(data / "runs" / "b", split={"path": str(data / "splits/toy"), "hash": "e" * 64})
    with pytest.raises(PodiumError, match="judged on one sealed split"):
        read_inputs(paths)


def test_files_without_runs_ask_for_their_images(data: Path) -> None:
    paths = runs_of(data, a=("a.py", 42, 0))
    stray = data / "stray.json"
    stray.write_text(Path(paths[0]).read_text())
    with pytest.raises(PodiumError, match=r"stray\.json must be the predictions of a run"):
        read_inputs([*paths, str(stray)])
    inputs = read_inputs([*paths, str(stray)], images_file=str(data / "test.json"))
    assert inputs.val is None
    assert np.array_equal(inputs.models[0].bboxes, inputs.models[1].bboxes)
    scored = read_inputs([str(stray)], ann_file=str(data / "test_boxes.json"))
    assert scored.val is not None
    assert scored.val.names == ("stray",)
    with pytest.raises(PodiumError, match=r"test\.json must have annotated boxes to score on"):
        read_inputs([str(stray)], ann_file=str(data / "test.json"))


def test_a_changed_test_set_is_refused(data: Path) -> None:
    paths = runs_of(data, a=("a.py", 42, 0))
    make_toy_annotations(data / "test.json", 5, labelled=False, seed=1)
    with pytest.raises(PodiumError, match="content has changed"):
        read_inputs(paths)
