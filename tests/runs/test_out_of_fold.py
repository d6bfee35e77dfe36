"""Out-of-fold predictions of several runs: folds joined, models aligned, mixtures refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import custom.runs.out_of_fold as module
from custom.errors import PodiumError
from custom.runs import Evidence, data_entry, pool, read_evidence, read_run, update_record
from custom.tables import Predictions
from custom.testing.toy_runs import make_toy_run, make_toy_split


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on three folds; not to be changed."""
    folder = tmp_path_factory.mktemp("pool")
    make_toy_split(folder, num_images=18)
    for name in "ab":
        for fold in range(3):
            make_toy_run(folder, folder / "runs" / f"{name}{fold}", ord(name) + fold, fold)
    return folder


def evidence(data: Path, *names: str) -> list[Evidence]:
    return read_evidence([read_run(data / "runs" / name) for name in names])


def test_evidence_is_what_a_run_says_of_itself(data: Path) -> None:
    run = read_run(data / "runs" / "a1")
    (found,) = read_evidence([run])
    assert (found.name, found.seed, found.fold, found.split_hash) == ("a1", 98, 1, run.split_hash)
    assert found.gt.images.ids.tolist() == run.val_ground_truth.images.ids.tolist()
    np.testing.assert_array_equal(found.predictions.bboxes, run.val_predictions().bboxes)


def test_what_runs_share_is_read_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, files = module.read_ground_truth, []
    monkeypatch.setattr(
        module, "read_ground_truth", lambda path: (files.append(path), read(path))[1]
    )
    found = evidence(data, "a0", "b0", "a1")
    assert files == [data / "train.json"]
    assert found[0].gt is found[1].gt
    assert found[0].gt is not found[2].gt


def test_folds_are_joined_and_models_aligned(data: Path) -> None:
    a0, a1, b1, b0 = evidence(data, "a0", "a1", "b1", "b0")
    pooled = pool([[a0, a1], [b1, b0]])
    ids = [*a0.gt.images.ids.tolist(), *a1.gt.images.ids.tolist()]
    assert pooled.gt.images.ids.tolist() == ids
    assert [model.image_ids.tolist() for model in pooled.models] == [ids, ids]
    assert pooled.models[1].num_boxes == b0.predictions.num_boxes + b1.predictions.num_boxes
    assert pooled.by_id().gt.images.ids.tolist() == sorted(ids)
    assert pooled.by_id().models[1].image_ids.tolist() == sorted(ids)
    part = pooled.models[1].aligned_to(b0.gt.images.ids)
    np.testing.assert_array_equal(part.scores, b0.predictions.scores)


def test_only_the_images_that_all_models_have_count(data: Path) -> None:
    a0, a1, b1, b2 = evidence(data, "a0", "a1", "b1", "b2")
    pooled = pool([[a0, a1], [b1, b2]])
    assert pooled.gt.images.ids.tolist() == a1.gt.images.ids.tolist()
    with pytest.raises(PodiumError, match=r"out of fold for every model \(a0 fold 0, b1 fold 1\)"):
        pool([[a0], [b1]])


def test_mixtures_are_refused(data: Path) -> None:
    a0, b0, b1 = evidence(data, "a0", "b0", "b1")
    with pytest.raises(PodiumError, match="there must be at least one run"):
        pool([])
    with pytest.raises(PodiumError, match=r"one sealed split, but a0 was on .* and b0 on none: a"):
        pool([[a0], [replace(b0, split_hash=None)]])
    with pytest.raises(PodiumError, match="image ids must be unique"):
        pool([[a0, b0]])
    fewer = replace(b0, gt=b0.gt.take([0, 1]), predictions=b0.predictions.take([0, 1]))
    with pytest.raises(PodiumError, match="a0 and b0 must be judged on the same images, but have"):
        pool([[a0], [fewer]])
    moved = replace(b0.gt, bboxes=b0.gt.bboxes + 0.5)
    with pytest.raises(PodiumError, match="by the same boxes, but a0 and b0 were"):
        pool([[a0], [replace(b0, gt=moved)]])
    crowd = replace(b0.gt, iscrowd=~b0.gt.iscrowd)
    with pytest.raises(PodiumError, match="by the same boxes, but b0 and a0 were"):
        pool([[b0], [replace(a0, gt=crowd)]])
    assert isinstance(pool([[b0, b1]]).models[0], Predictions)


def test_a_later_label_file_must_agree_on_every_image_that_counts(
    data: Path, tmp_path: Path
) -> None:
    run = make_toy_run(data, tmp_path / "runs" / "c1", 5, 1).with_suffix("")
    content = json.loads((data / "train.json").read_text())
    counted = set(read_run(run).val_ground_truth.images.ids.tolist())
    for elsewhere, agrees in ((True, True), (False, False)):
        changed = json.loads(json.dumps(content))
        mine = [a for a in changed["annotations"] if (a["image_id"] in counted) != elsewhere]
        mine[0]["bbox"][2] -= 1
        copy = tmp_path / f"copy{elsewhere}.json"
        copy.write_text(json.dumps(changed))
        update_record(run, data={"val": data_entry(copy)})
        (a0,), (c1,) = evidence(data, "a0"), read_evidence([read_run(run)])
        if agrees:
            assert pool([[a0, c1]]).gt.num_boxes == a0.gt.num_boxes + c1.gt.num_boxes
        else:
            with pytest.raises(PodiumError, match=r"by files in which .*train\.json and .*copyF"):
                pool([[a0, c1]])


def test_a_run_that_has_seen_all_images_has_no_evidence(data: Path, tmp_path: Path) -> None:
    run = make_toy_run(data, tmp_path / "runs" / "all").with_suffix("")
    update_record(run, fold=None)
    with pytest.raises(PodiumError, match="all must have a fold that it has not seen"):
        read_evidence([read_run(run)])
