import numpy as np
import pytest
from PIL import Image

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.labels.imports.command import ImportRequest, run_import
from custom.labels.imports.pictures import FramePattern
from custom.labels.imports.sheet import read_sheet

NAMES = ("a.png", "b.png", "c.png")
WIDE = "image,open,close\na.png,1,0\nb.png,0.0,1.0\nc.png,,1\n"


@pytest.fixture
def folder(tmp_path):
    """Three images of 6x4, in the folder `train`."""
    (tmp_path / "train").mkdir()
    for shade, name in enumerate(NAMES):
        Image.new("L", (6, 4), 40 * shade).save(tmp_path / "train" / name)
    return tmp_path


def labels_of(gt):
    """Return by image the classes that it has, and those that are unknown."""
    return {
        name: (
            {gt.categories.names[k] for k in gt.labels[gt.rows(i)][~gt.iscrowd[gt.rows(i)]]},
            {gt.categories.names[k] for k in gt.labels[gt.rows(i)][gt.iscrowd[gt.rows(i)]]},
        )
        for i, name in enumerate(gt.images.file_names)
    }


def imported(folder, text, **options):
    source = folder / "labels.csv"
    source.write_text(text)
    options = {"images": folder / "train", **options}
    return run_import(ImportRequest(source, "image", folder / "train.json", **options))


def test_a_column_a_class(folder):
    gt = imported(folder, WIDE)
    assert labels_of(gt) == {
        "train/a.png": ({"open"}, set()),
        "train/b.png": ({"close"}, set()),
        "train/c.png": ({"close"}, {"open"}),
    }
    assert (gt.bboxes == [0, 0, 6, 4]).all()
    assert gt.images.sizes_hw.tolist() == [[4, 6]] * 3


def test_a_row_a_label(folder):
    text = "image,label\na.png,open\nb.png,close\nc.png,"
    gt = imported(folder, f"{text}open\nc.png,close\n")
    assert gt.categories.names == ("close", "open")
    assert labels_of(gt)["train/a.png"] == ({"open"}, set())
    assert labels_of(gt)["train/c.png"] == ({"open", "close"}, set())
    assert labels_of(imported(folder, f"{text}\n"))["train/c.png"] == (set(), {"open", "close"})


def test_classes_are_chosen_and_ordered(folder):
    gt = imported(folder, WIDE, classes=["close", "open"])
    assert gt.categories.names == ("close", "open")
    assert labels_of(gt)["train/a.png"] == ({"open"}, set())


def test_two_rows_may_complete_each_other(tmp_path):
    rows = "a.png,1,\na.png,,0\nb.png,0,1\n"
    (tmp_path / "x.csv").write_text("image,open,close\n" + rows)
    sheet = read_sheet(tmp_path / "x.csv")
    assert sheet.names == ("a.png", "b.png")
    assert sheet.values.tolist() == [[1, 0], [0, 1]]


def test_a_list_of_test_images_has_no_labels(folder):
    gt = imported(folder, "image\na.png\nb.png\nc.png\n", classes=["open", "close"])
    assert (len(gt.images), gt.num_boxes, gt.categories.names) == (3, 0, ("open", "close"))


def test_frames_are_told_by_names(folder):
    pattern = FramePattern(r"(?P<video>train)/(?P<frame>\d+)", 20.0)
    for index, name in enumerate(NAMES):
        (folder / "train" / name).rename(folder / "train" / f"{10 * index}.png")
    text = "image,open\n0.png,1\n10.png,0\n20.png,1\n"
    gt = imported(folder, text, frames=pattern)
    assert gt.images.frame_ids.tolist() == [0, 10, 20]
    assert gt.images.timestamps.tolist() == [0, 0.5, 1]
    assert (gt.images.video_ids == gt.images.video_ids[0]).all()
    assert len(set(gt.images.groups.tolist())) == 1


BAD = {
    "neither 0 nor 1": (WIDE.replace("a.png,1", "a.png,2"), r"line 2: 'open' must be 0, 1 or emp"),
    "a word": (WIDE.replace("c.png,", "c.png,yes"), r"line 4: 'open' must be.*'yes'"),
    "a row without image": (WIDE + "d.png,1,0\n", "every image must be in .*, but d.png is not"),
    "an image without row": (WIDE.replace("c.png,,1\n", ""), "must have a row, but c.png has none"),
    "rows that disagree": (WIDE + "a.png,0,0\n", "a.png has 'open' 1 in line 2 and 0 in line 5"),
    "one value only": (WIDE.replace("a.png,1", "a.png,0"), "must be 1 on some.* 0 ones and 2"),
    "no column of images": ("file,open\na.png,1\n", "must have a column 'image'"),
    "a column twice": ("image,open,open\na.png,1,0\n", "'open' stands twice"),
    "no labels": ("image\na.png\nb.png\nc.png\n", "name the classes of the competition"),
    "an empty name": (WIDE + ",1,1\n", "line 5: 'image' must not be empty"),
    "cells missing": (WIDE + "d.png,1\n", "line 5 must have 3 cells"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_labels_are_refused_and_nothing_is_written(folder, text, message):
    with pytest.raises(PodiumError, match=message):
        imported(folder, text)
    assert not (folder / "train.json").exists()


def test_images_without_row_are_left_out_by_name(folder):
    gt = imported(folder, WIDE.replace("c.png,,1\n", ""), leave_out_unlisted=True)
    assert gt.images.file_names == ("train/a.png", "train/b.png")


def test_exclusive_classes_exclude(folder):
    with pytest.raises(PodiumError, match=r"exactly one class, but b.png has open, close"):
        imported(folder, "image,open,close\na.png,1,0\nb.png,1,1\nc.png,0,1\n", exclusive=True)


def test_names_that_lead_elsewhere_are_refused(folder):
    (folder / "labels.csv").write_text(WIDE)
    out = folder / "elsewhere" / "train.json"
    request = ImportRequest(folder / "labels.csv", "image", out, folder / "train")
    with pytest.raises(PodiumError, match="images must lie below the folder of --out"):
        run_import(request)


def test_other_files_are_not_replaced(folder):
    write_json(folder / "train.json", {"images": []})
    with pytest.raises(PodiumError, match="--overwrite"):
        imported(folder, WIDE)
    assert read_json(folder / "train.json") == {"images": []}
    imported(folder, WIDE, overwrite=True)
    imported(folder, WIDE)  # its own result is


def test_a_folder_a_class(folder):
    for name, label in zip(NAMES, ("cat", "dog", "dog"), strict=True):
        (folder / "data" / label).mkdir(parents=True, exist_ok=True)
        (folder / "train" / name).rename(folder / "data" / label / name)
    gt = run_import(ImportRequest(folder / "data", "image", folder / "train.json"))
    assert labels_of(gt)["data/cat/a.png"] == ({"cat"}, set())
    assert labels_of(gt)["data/dog/c.png"] == ({"dog"}, set())
    Image.new("L", (6, 4)).save(folder / "data" / "x.png")
    with pytest.raises(PodiumError, match=r"must lie in the folder of its class, but x\.png"):
        run_import(ImportRequest(folder / "data", "image", folder / "train.json"))


def test_what_is_in_a_coco_file(tmp_path):
    images = [
        {"id": 7 + i, "file_name": f"{i}.png", "height": 8, "width": 8, "video_id": "v"}
        for i in range(3)
    ]
    boxes = [(7, 1, 0), (7, 2, 1), (8, 2, 0), (8, 2, 1)]  # image, class, crowd
    annotations = [
        {"id": i, "image_id": image, "category_id": c, "bbox": [0, 0, 2, 2], "iscrowd": crowd}
        for i, (image, c, crowd) in enumerate(boxes)
    ]
    categories = [{"id": 1, "name": "WBC"}, {"id": 2, "name": "RBC"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    write_json(tmp_path / "boxes.json", content)
    request = ImportRequest(tmp_path / "boxes.json", "image", tmp_path / "has.json")
    gt = run_import(request)
    assert labels_of(gt) == {
        "0.png": ({"has_WBC"}, {"has_RBC"}),
        "1.png": ({"has_RBC"}, set()),
        "2.png": (set(), set()),
    }
    assert gt.images.ids.tolist() == [7, 8, 9]
    write_json(tmp_path / "test.json", {**content, "annotations": []})
    test = run_import(ImportRequest(tmp_path / "test.json", "image", tmp_path / "x.json"))
    assert (test.categories, test.num_boxes) == (gt.categories, 0)
    assert (gt.images.video_ids >= 0).all()


def test_a_sheet_reads_what_it_is_given(tmp_path):
    (tmp_path / "x.csv").write_text(WIDE)
    sheet = read_sheet(tmp_path / "x.csv", ["close"])
    np.testing.assert_array_equal(sheet.values, [[0], [1], [1]])
    with pytest.raises(PodiumError, match="'shut' is not"):
        read_sheet(tmp_path / "x.csv", ["shut"])
