from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import match_for
from custom.evaluation.groups import groups_of
from custom.files import read_json, write_json
from custom.gate import gate
from custom.runs import read_evidence, read_run
from custom.splits import make_split, seal
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.ground_truth import concatenate
from custom.testing.toy_runs import make_toy_annotations, make_toy_run, make_toy_split

# 0000 to 0009 are together, 0010 to 0019, and so on.
TENS = r"/(\d\d\d)"


def annotations(folder: Path, videos: dict[int, object], num_images: int = 12) -> Path:
    """Annotations of images 0, 1, ..., some of them of a video."""
    path = make_toy_annotations(folder / "train.json", num_images)
    content = read_json(path)
    for image in content["images"]:
        if image["id"] in videos:
            image["video_id"] = videos[image["id"]]
    write_json(path, content)
    return path


def test_a_video_is_a_group_named_by_its_smallest_id(tmp_path: Path) -> None:
    gt = read_ground_truth(annotations(tmp_path, {7: "x", 2: "x", 5: 0, 9: 0}))
    expected = [0, 1, 2, 3, 4, 5, 6, 2, 8, 5, 10, 11]
    assert gt.images.groups.tolist() == expected
    part = gt.take([9, 7, 1])
    assert part.images.groups.tolist() == [5, 2, 1]
    rest = gt.take([2, 5])
    assert concatenate([part, rest]).images.groups.tolist() == [5, 2, 1, 2, 5]
    found = Predictions.empty(part.images.ids)
    assert match_for(part, found, "AP50").groups.tolist() == [5, 2, 1]


def test_videos_split_and_key_are_joined_in_chains(tmp_path: Path) -> None:
    gt = read_ground_truth(annotations(tmp_path, {19: 1, 20: 1}, num_images=36))
    split = seal(make_split(gt, 2, group_by=TENS), tmp_path / "splits" / "tens")
    expected = [0] * 10 + [10] * 20 + [30] * 6
    assert groups_of(gt, split).tolist() == expected
    assert groups_of(gt, split.folder).tolist() == expected
    assert groups_of(gt.take([35, 30, 3]), split).tolist() == [30, 30, 3]
    assert groups_of(gt, None, TENS).tolist() == expected
    assert groups_of(gt).tolist() == [*range(20), 19, *range(21, 36)]
    # The last digit joins the tens with each other.
    assert set(groups_of(gt, split, r"(.)\.jpg")) == {0}
    with pytest.raises(PodiumError, match="must be a key of the images, or match every file name"):
        groups_of(gt, None, "nothing like it")


def test_a_run_knows_the_groups_of_its_fold(tmp_path: Path) -> None:
    split = make_toy_split(tmp_path, 36, 2, TENS)
    assert np.unique(split.groups).tolist() == [0, 1, 2, 3]
    make_toy_run(tmp_path, tmp_path / "runs" / "a0", 0, 0)
    run = read_run(tmp_path / "runs" / "a0")
    images = run.val_ground_truth.images
    expected = [10 * (i // 10) for i in images.ids.tolist()]
    assert images.groups.tolist() == expected
    assert len(set(expected)) == 2
    (evidence,) = read_evidence([run])
    assert evidence.gt.images.groups.tolist() == expected
    (note,) = [n for n in gate([evidence], [evidence]).notes if "drawn as wholes" in n]
    assert f"The {len(expected)} val images are 2 groups" in note
