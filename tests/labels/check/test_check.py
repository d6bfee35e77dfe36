import shutil

import numpy as np
import pytest
from PIL import Image

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.labels.check import CheckRequest, run_check
from custom.labels.check.motion import boxes_without_motion
from custom.labels.check.neighbours import frames_in_order
from custom.labels.check.small import SIDE
from custom.sample.dataset import make_sample
from custom.sample.recipe import Recipe
from custom.splits.command import SplitRequest, run_split
from custom.tables.coco import ground_truth_of, read_ground_truth
from tools.labels import main


@pytest.fixture(scope="module")
def rope(tmp_path_factory):
    """Eight clips of people with ropes."""
    folder = tmp_path_factory.mktemp("rope")
    make_sample(folder, Recipe(3, 80, 1, 128, "region"))
    return folder


@pytest.fixture
def copied(rope, tmp_path):
    return shutil.copytree(rope, tmp_path / "rope")


def exchange(folder, share, seed=0):
    """Give a share of the images each other's files; return the names of those now wrong."""
    gt = read_ground_truth(folder / "train.json")
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(gt.images), int(share * len(gt.images)), replace=False)
    names = [gt.images.file_names[index] for index in chosen.tolist()]
    contents = [(folder / name).read_bytes() for name in names]
    wrong = set()
    for index, source in enumerate(rng.permutation(len(names)).tolist()):
        (folder / names[index]).write_bytes(contents[source])
        if gt.images.video_ids[chosen[index]] != gt.images.video_ids[chosen[source]]:
            wrong.add(names[index])
    return wrong


def test_what_belongs_together_is_left_alone(rope, tmp_path, capsys):
    argv = ["check", str(rope / "train.json"), "--out", str(tmp_path / "found.json")]
    assert main(argv) == 0
    assert "0 of 80 images are suspected" in capsys.readouterr().out


def test_a_third_of_the_frames_mixed_up_is_found(copied, tmp_path, capsys):
    wrong = exchange(copied, 0.3)
    assert len(wrong) >= 18
    argv = ["check", str(copied / "train.json"), "--out", str(tmp_path / "found.json")]
    assert main(argv) == 1
    assert "look unlike their neighbours" in capsys.readouterr().out
    records = read_json(tmp_path / "found.json")["mismatches"]
    found = {record["image"] for record in records}
    assert len(found & wrong) >= 0.9 * len(wrong)
    assert len(found & wrong) >= 0.9 * len(found)


def test_a_sealed_split_knows_which_file_was_which(copied, tmp_path):
    request = SplitRequest(
        copied / "train.json",
        2,
        out=tmp_path,
        name="x",
        join_duplicates=False,
        report=tmp_path / "x.html",
    )
    split = run_split(request).split
    first, second = (copied / "train" / f"000_0{k}.jpg" for k in (0, 1))
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    out = tmp_path / "found.json"
    mismatches, _ = run_check(CheckRequest(copied / "train.json", None, split.folder, out))
    told = {(m.kind, m.image, m.belongs_to) for m in mismatches}
    assert {("content", 0, 1), ("content", 1, 0)} <= told


def coco(folder, boxes, sides=(8, 8)):
    """Write grey images of their own shade with one box each."""
    content = {
        "images": [
            {"id": i, "file_name": f"{i}.png", "width": 8, "height": 8} for i in range(len(boxes))
        ],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": bbox} for i, bbox in enumerate(boxes)
        ],
        "categories": [{"id": 1, "name": "x"}],
    }
    for index, side in zip(range(len(boxes)), sides, strict=True):
        Image.new("L", (8, side), 10 * index).save(folder / f"{index}.png")
    write_json(folder / "train.json", content)
    return folder / "train.json"


def test_other_sizes_are_found(tmp_path):
    ann_file = coco(tmp_path, [[0, 0, 4, 4]] * 2, sides=(8, 6))
    mismatches, _ = run_check(CheckRequest(ann_file, out=tmp_path / "found.json"))
    assert [(m.kind, m.image) for m in mismatches] == [("size", 1)]
    assert "annotated as 8x8, but the file is 8x6" in mismatches[0].detail


@pytest.mark.parametrize(("second", "expected"), [([0, 0, 4, 4], []), ([1, 1, 4, 4], [0, 1])])
def test_a_picture_with_two_entries_must_have_one_annotation(tmp_path, second, expected):
    ann_file = coco(tmp_path, [[0, 0, 4, 4], second, [0, 0, 2, 2]], sides=(8, 8, 8))
    shutil.copy(tmp_path / "0.png", tmp_path / "1.png")
    mismatches, _ = run_check(CheckRequest(ann_file, out=tmp_path / "found.json"))
    assert [m.image for m in mismatches] == expected
    assert all(m.kind == "duplicate" and m.belongs_to == 1 - m.image for m in mismatches)


def test_missing_images_and_foreign_files_are_refused(tmp_path):
    ann_file = coco(tmp_path, [[0, 0, 4, 4]] * 2)
    with pytest.raises(PodiumError, match="is read by this command"):
        run_check(CheckRequest(ann_file, out=ann_file))
    (tmp_path / "1.png").unlink()
    with pytest.raises(PodiumError, match=r"every image must be in .*, but 1\.png is not"):
        run_check(CheckRequest(ann_file, out=tmp_path / "found.json"))
    assert not (tmp_path / "found.json").exists()


def test_boxes_of_another_video_do_not_lie_where_something_moves():
    # Six videos of four frames: a square of twelve pixels flickers, in the boxes of all but one.
    images, annotations, small = [], [], np.ones((24, SIDE, SIDE, 3), np.float32)
    for index in range(24):
        video, frame = divmod(index, 4)
        images.append(
            {"id": index, "file_name": f"{index}.png", "width": SIDE, "height": SIDE}
            | {"video_id": video, "frame_id": 3 - frame}
        )
        at = 30 if video == 5 else 6
        annotations.append({"id": index, "image_id": index, "category_id": 1})
        annotations[-1]["bbox"] = [at, at, 12, 12]
        small[index, 6:18, 6:18] += frame % 2
        small[index] += 0.05 * np.random.default_rng(index).standard_normal((SIDE, SIDE, 3))
    categories = [{"id": 1, "name": "x"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    gt = ground_truth_of(content, "x.json")
    assert [m.image for m in boxes_without_motion(gt, small)] == [23, 22, 21, 20]
    assert frames_in_order(gt.images, 0).tolist() == [3, 2, 1, 0]
