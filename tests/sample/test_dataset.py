import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.sample.contact_sheet import write_contact_sheet
from custom.sample.dataset import make_sample
from custom.sample.objects import CLASSES
from custom.sample.recipe import Recipe
from custom.sample.trash import plan_scenes
from custom.sample.videos import draw_ropes, plan_hatches, plan_ropes
from custom.tables.coco import read_ground_truth
from custom.testing import shared_data

SMALL = Recipe(seed=42, train=6, test=3, size=96)


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder, SMALL)
    return folder


def test_layout_is_that_of_a_competition(sample):
    images = {f"train/{i:04d}.jpg" for i in range(6)} | {f"test/{i:04d}.jpg" for i in range(3)}
    assert set(bytes_of(sample)) == images | {"train.json", "test.json", "test_boxes.json"}
    train = read_ground_truth(sample / "train.json")
    assert train.num_boxes > 6
    assert train.categories.names == tuple(kind.name for kind in CLASSES)
    assert train.categories.ids == tuple(range(10))
    for name, (height, width) in zip(
        train.images.file_names, train.images.sizes_hw.tolist(), strict=True
    ):
        assert cv2.imread(str(sample / name)).shape == (height, width, 3)


def test_test_boxes_are_kept_apart(sample):
    hidden, open_ = (read_json(sample / f"{name}.json") for name in ("test_boxes", "test"))
    assert open_["annotations"] == []
    assert len(hidden["annotations"]) > 0
    assert hidden["images"] == open_["images"]


def test_same_seed_same_bytes(sample, tmp_path):
    make_sample(tmp_path, SMALL)
    assert bytes_of(tmp_path) == bytes_of(sample)


def test_another_seed_other_images(sample, tmp_path):
    make_sample(tmp_path, Recipe(seed=43, train=1, test=1, size=96))
    name = "train/0000.jpg"
    assert (tmp_path / name).read_bytes() != (sample / name).read_bytes()


def test_running_again_mends_a_damaged_image_and_leaves_the_rest(tmp_path):
    recipe = Recipe(seed=1, train=2, test=1, size=64)
    make_sample(tmp_path, recipe)
    before = bytes_of(tmp_path)
    untouched = (tmp_path / "train/0001.jpg").stat().st_mtime_ns
    (tmp_path / "train/0000.jpg").write_bytes(b"half an image")
    make_sample(tmp_path, recipe)
    assert bytes_of(tmp_path) == before
    assert (tmp_path / "train/0001.jpg").stat().st_mtime_ns == untouched


def test_other_options_do_not_overwrite_in_silence(tmp_path):
    make_sample(tmp_path, Recipe(seed=1, train=2, test=1, size=64))
    before = bytes_of(tmp_path)
    other = Recipe(seed=2, train=2, test=1, size=64)
    with pytest.raises(PodiumError, match=r"train\.json exists.*seed 1.*seed 2.*--overwrite"):
        make_sample(tmp_path, other)
    assert bytes_of(tmp_path) == before
    make_sample(tmp_path, other, overwrite=True)
    assert read_json(tmp_path / "train.json")["info"]["seed"] == 2


@pytest.mark.parametrize("content", [{"images": []}, {"info": {"year": 2020}}, []])
def test_real_data_are_never_replaced(tmp_path, content):
    write_json(tmp_path / "train.json", content)
    with pytest.raises(PodiumError, match="was not made by make_sample"):
        make_sample(tmp_path, SMALL, overwrite=True)
    assert read_json(tmp_path / "train.json") == content
    assert not (tmp_path / "train").exists()


@pytest.mark.parametrize("name", ["seed", "train", "test", "size"])
def test_numbers_must_make_sense(name):
    with pytest.raises(PodiumError, match=f"{name} must be at least"):
        Recipe(**{name: -1})


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PodiumError, match="cannot write"):
        make_sample(tmp_path / "file" / "sample", SMALL)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PodiumError, match="cannot write"):
        make_sample(tmp_path, SMALL)


def test_class_frequencies_follow_the_competition():
    plan = plan_scenes("train", Recipe(train=300))
    counts = np.bincount([label for labels in plan for label in labels], minlength=10)
    total = counts.sum()
    wanted = np.array([kind.boxes for kind in CLASSES]) / 23144
    assert 2 * 300 <= total <= 7 * 300
    # Quotas are rounded down to whole objects; at most one of each class is left to chance.
    assert np.abs(counts / total - wanted).max() <= len(CLASSES) / total
    assert counts[8] == counts.min() >= 2


def test_frequencies_are_those_of_the_real_annotations():
    gt = read_ground_truth(shared_data("trash-gt/train.json"))
    assert np.bincount(gt.labels).tolist() == [kind.boxes for kind in CLASSES]
    assert gt.categories.names == tuple(kind.name for kind in CLASSES)


def test_contact_sheet_shows_boxes(sample, tmp_path):
    path = tmp_path / "sheet.png"
    write_contact_sheet(path, sample / "train.json", sample, num_images=4)
    sheet = cv2.imread(str(path))
    assert sheet.shape == (320, 6 * 320, 3)
    assert (sheet[:, 4 * 320 :] == 255).all()  # four images, and two places left white
    gt = read_ground_truth(sample / "train.json")
    left, _, _, bottom = np.round(gt.bboxes[0] * 320 / 96).astype(int)
    plain = cv2.resize(
        cv2.imread(str(sample / "train/0000.jpg")), (320, 320), interpolation=cv2.INTER_AREA
    )
    corner = sheet[bottom - 2, left + 1].astype(int)
    assert np.abs(corner - plain[bottom - 2, left + 1]).max() > 20  # the frame is drawn there


def test_contact_sheet_names_a_missing_image(sample, tmp_path):
    with pytest.raises(PodiumError, match=r"train/0000\.jpg must be an image"):
        write_contact_sheet(tmp_path / "sheet.png", sample / "train.json", tmp_path)


def test_contact_sheet_must_be_a_picture(sample, tmp_path):
    with pytest.raises(PodiumError, match=r"give a name that ends in \.png or \.jpg"):
        write_contact_sheet(tmp_path / "sheet.txt", sample / "train.json", sample)


TASKS = {
    "image": (("open", "close"), (64, 64)),
    "region": (("rope", "no_rope"), (36, 64)),
    "tiny": (tuple(kind.name for kind in CLASSES), (64, 64)),
}


@pytest.fixture(scope="module", params=list(TASKS))
def labelled(request, tmp_path_factory):
    """Sample data of each task: two videos of training frames, and a bit of one for testing."""
    folder = tmp_path_factory.mktemp(request.param)
    make_sample(folder, Recipe(7, 12, 3, 64, request.param))
    return folder


def test_tasks_are_laid_out_as_competitions(labelled, request):
    task = request.node.callspec.params["labelled"]
    classes, size_hw = TASKS[task]
    train, answers = (read_ground_truth(labelled / f"{n}.json") for n in ("train", "test_boxes"))
    assert train.categories.names == answers.categories.names == classes
    assert (len(train.images), len(answers.images)) == (12, 3)
    assert (train.images.sizes_hw == size_hw).all()
    assert cv2.imread(str(labelled / train.images.file_names[-1])).shape[:2] == size_hw
    if task != "region":
        height, width = size_hw
        assert (train.bboxes == [0, 0, width, height]).all()
    if task == "tiny":
        assert np.bincount(train.labels, minlength=10).tolist() == [2, 2, *[1] * 8]
        return
    videos = [1] * 5 + [2] * 5 + [3] * 2 if task == "image" else [1] * 10 + [2] * 2
    assert train.images.video_ids.tolist() == videos
    assert answers.images.video_ids.min() > train.images.video_ids.max()
    step = 1.0 if task == "image" else 0.05
    np.testing.assert_allclose(train.images.timestamps, train.images.frame_ids * step)


def test_tasks_are_drawn_by_their_seed_alone(labelled, tmp_path):
    info = read_json(labelled / "train.json")["info"]
    recipe = Recipe(**{key: info[key] for key in ("seed", "train", "test", "size", "task")})
    make_sample(tmp_path, recipe)
    assert bytes_of(tmp_path) == bytes_of(labelled)


def test_test_regions_are_given_without_their_labels(tmp_path):
    make_sample(tmp_path, Recipe(7, 1, 3, 64, "region"))
    given, answers = (read_ground_truth(tmp_path / f"{n}.json") for n in ("test", "test_boxes"))
    assert given.iscrowd.all()
    assert not answers.iscrowd.any()
    np.testing.assert_array_equal(given.bboxes, np.repeat(answers.bboxes, 2, axis=0))
    assert given.labels.tolist() == [0, 1] * answers.num_boxes
    assert given.track_ids.tolist() == np.repeat(answers.track_ids, 2).tolist()


def test_people_keep_their_track_label_and_nearly_their_box():
    plan = plan_ropes("train", Recipe(task="region", train=20))
    frames = draw_ropes("train", Recipe(task="region", size=320), 0, plan[0])
    bboxes = np.stack([frame.bboxes for frame in frames]).astype(float)
    assert {tuple(frame.labels) for frame in frames} == {tuple(int(not f) for f in plan[0])}
    # Smoothing over time matches boxes of neighbouring frames by their overlap.
    moved = np.abs(np.diff(bboxes, axis=0)).max()
    assert 0 < moved < 0.15 * (bboxes[..., 2] - bboxes[..., 0]).min()


def test_hatches_are_closed_in_87_of_100_videos():
    plan = plan_hatches("train", Recipe(task="image", train=500))
    closed = [any(not is_open for is_open in view) for view in plan]
    opened = [any(view) for view in plan]
    assert (len(plan), sum(closed), sum(opened)) == (100, 87, 9 + 15)
    assert sum(a and b for a, b in zip(closed, opened, strict=True)) == 15  # both at once
    assert sum(not (a or b) for a, b in zip(closed, opened, strict=True)) == 4  # and neither
