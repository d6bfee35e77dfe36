import json

import cv2
import numpy as np
import pytest
from PIL import Image

from custom.errors import PodiumError
from custom.labels.imports.command import ImportRequest, run_import
from custom.labels.imports.crops import CropRequest, cut_out, run_crop
from tools.labels import main

MANIFEST = """image,x1,y1,x2,y2,label,group,frame,track
a.png,1,1,4,3,rope,clip,0,5
b.png,1,1,4,3,no_rope,clip,1,5
b.png,0,0,6,4,,clip,1,6
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (6, 4), (200, 0, 0)).save(tmp_path / "train" / name)
    return tmp_path


def imported(folder, text, **options):
    (folder / "manifest.csv").write_text(text)
    request = ImportRequest(
        folder / "manifest.csv", "region", folder / "train.json", folder / "train", **options
    )
    return run_import(request)


def test_a_manifest_of_boxes(folder):
    gt = imported(folder, MANIFEST)
    assert gt.categories.names == ("no_rope", "rope")
    assert gt.bboxes.tolist() == [[1, 1, 4, 3], [1, 1, 4, 3], [0, 0, 6, 4], [0, 0, 6, 4]]
    assert gt.labels.tolist() == [1, 0, 0, 1]  # the unknown one is a crowd box of each class
    assert gt.iscrowd.tolist() == [False, False, True, True]
    assert gt.track_ids.tolist() == [5, 5, 6, 6]
    assert gt.images.frame_ids.tolist() == [0, 1]
    assert gt.images.groups.tolist() == [1, 1]


def test_yes_and_no_are_two_classes(folder):
    text = MANIFEST.replace("no_rope", "0").replace("rope", "1")
    gt = imported(folder, text, attribute="rope")
    assert gt.categories.names == ("rope", "no_rope")
    assert gt.labels[~gt.iscrowd].tolist() == [0, 1]


BAD = {
    "outside": (MANIFEST.replace("0,0,6,4", "0,0,9,4"), r"line 4: a box must lie inside.*6x4"),
    "no area": (MANIFEST.replace("0,0,6,4", "3,0,3,4"), r"line 4: a box must have x2 > x1"),
    "no number": (MANIFEST.replace("0,0,6,4", "0,zero,6,4"), r"line 4: y1 must be a number.*zero"),
    "one class": (MANIFEST.replace("no_rope", "rope"), "two classes or more"),
    "a frame twice": (MANIFEST.replace("clip,1", "clip,0"), "must differ in frame_id, but"),
    "a frame unknown": (MANIFEST.replace("clip,1", "clip,"), "must all have a frame_id, but"),
    "rows disagree": (MANIFEST.replace("rope,clip,1,5", "rope,clip,7,5"), "has frame 7 before"),
    "a column lacks": (MANIFEST.replace("x2", "right"), "must have the columns"),
    "no image": (MANIFEST.replace("a.png", "c.png"), "c.png is not"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_manifests_are_refused_and_nothing_is_written(folder, text, message):
    with pytest.raises(PodiumError, match=message):
        imported(folder, text)
    assert not (folder / "train.json").exists()


def coco(folder, attributes):
    """Write a file as CVAT does: a person a box, its attributes beside it."""
    content = {
        "images": [{"id": 1, "file_name": "train/a.png", "width": 6, "height": 4}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1, "bbox": [i, 0, 2, 3], "attributes": values}
            for i, values in enumerate(attributes, 1)
        ],
    }
    (folder / "cvat.json").write_text(json.dumps(content))
    return folder / "cvat.json"


def test_an_attribute_is_the_label(folder):
    attributes = [{"rope": True, "track_id": 4}, {"rope": False}, {"occluded": False}]
    source = coco(folder, attributes)
    gt = run_import(
        ImportRequest(source, "region", folder / "train.json", folder, attribute="rope")
    )
    assert gt.categories.names == ("rope", "no_rope")
    assert gt.labels.tolist() == [0, 1, 0, 1]
    assert gt.iscrowd.tolist() == [False, False, True, True]
    assert gt.track_ids.tolist() == [4, -1, -1, -1]
    with pytest.raises(PodiumError, match=r"\(occluded, rope, track_id\), but is 'belt'"):
        run_import(ImportRequest(source, "region", folder / "x.json", folder, attribute="belt"))


def test_categories_are_the_labels_and_crops_of_them_are_images(folder):
    content = json.loads(coco(folder, [{}, {}]).read_text())
    content["categories"].append({"id": 2, "name": "dog"})
    content["annotations"][1]["category_id"] = 2
    (folder / "boxes.json").write_text(json.dumps(content))
    out = folder / "crops"
    argv = ["crop", str(folder / "boxes.json"), "--out", str(out), "--size", "16"]
    assert main(argv) is None
    gt = run_crop(CropRequest(folder / "boxes.json", None, out, 16))  # again, over its own
    assert gt.images.sizes_hw.tolist() == [[16, 16]] * 2
    assert gt.labels.tolist() == [0, 1]
    assert len(set(gt.images.groups.tolist())) == 1  # of one image
    assert cv2.imread(str(out / gt.images.file_names[0])).shape == (16, 16, 3)


def test_a_crop_shows_what_is_in_the_box():
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10:20, 30:50] = 255  # 20 wide and 10 high: the square around it has side 20
    crop = cut_out(picture, np.array([30.0, 10, 50, 20]), 20, 0.0)
    assert (crop[5:15] == 255).all()  # five rows above and below the box
    assert not crop[:5].any()
    assert not crop[15:].any()
    corner = cut_out(picture + 7, np.array([-2.0, 0, 8, 10]), 20, 0.5)
    assert corner.shape == (20, 20, 3)
    assert (corner == 7).all()  # beyond the image its edge goes on


def test_the_command_writes_and_says_what(folder, capsys):
    (folder / "manifest.csv").write_text(MANIFEST)
    argv = ["import", str(folder / "manifest.csv"), "--task", "region"]
    argv += ["--images", str(folder / "train"), "--out", str(folder / "train.json")]
    assert main(argv) is None
    printed = capsys.readouterr().out
    assert "2 images: no_rope 1 (unknown 1), rope 1 (unknown 1); written to" in printed
