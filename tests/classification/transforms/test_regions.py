import numpy as np
import pytest
from mmdet.registry import TRANSFORMS

from custom.classification.transforms.regions import (
    LoadRegions,
    PackRegions,
    boxes_of,
    exchanged,
    regions_of,
)
from custom.errors import PodiumError
from custom.files import write_json

HERE, THERE = [0.0, 0.0, 10.0, 8.0], [4.0, 2.0, 9.0, 7.0]


def instance(bbox, label, crowd=0):
    return {"bbox": bbox, "bbox_label": label, "ignore_flag": crowd}


class Source:
    classes = ("a", "b", "c")


def sample(*instances, **more):
    image = np.zeros((8, 10, 3), np.uint8)
    return {
        "img": image, "img_shape": (8, 10), "ori_shape": (8, 10), "height": 8, "width": 10,
        "img_id": 3, "file_name": "x.png", "instances": list(instances),
        "sample_source": Source(), **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("instances", "whole", "boxes", "targets"),
    [
        pytest.param([], HERE, [HERE], [[0, 0, 0]], id="an image without labels has no class"),
        pytest.param([], None, np.zeros((0, 4)), np.zeros((0, 3)), id="no boxes, no regions"),
        pytest.param(
            [instance(HERE, 0), instance(HERE, 2)], HERE, [HERE], [[1, 0, 1]], id="two labels"
        ),
        pytest.param([instance(HERE, 1, 1)], HERE, [HERE], [[0, -1, 0]], id="unknown"),
        pytest.param(
            [instance(HERE, 1, 1), instance(HERE, 1)], HERE, [HERE], [[0, 1, 0]], id="known after"
        ),
        pytest.param(
            [instance(HERE, 1), instance(HERE, 1, 1)], HERE, [HERE], [[0, 1, 0]], id="known before"
        ),
        pytest.param(
            [instance(HERE, 0), instance(THERE, 1), instance(HERE, 1)],
            None,
            [HERE, THERE],
            [[1, 1, 0], [0, 1, 0]],
            id="equal boxes are one region",
        ),
    ],
)
def test_regions_and_targets(instances, whole, boxes, targets):
    found, labels = regions_of(instances, 3, whole)
    np.testing.assert_array_equal(found, boxes)
    np.testing.assert_array_equal(labels, targets)


def test_boxes_labels_and_given_boxes_stay_in_step():
    """A flip, a resize and a rotation that turns one box out of the image."""
    results = LoadRegions()(sample(instance([0, 0, 2, 2], 0), instance(THERE, 1)))
    results["gt_bboxes"] = results["gt_bboxes"][1:]  # as a transform drops the first
    results["gt_bboxes_labels"] = results["gt_bboxes_labels"][1:]
    results["gt_ignore_flags"] = results["gt_ignore_flags"][1:]
    for each in ({"type": "RandomFlip", "prob": 1.0}, {"type": "Resize", "scale": (20, 16)}):
        results = TRANSFORMS.build(each)(results)
    instances = PackRegions()(results)["data_samples"].gt_instances
    assert instances.bboxes.tensor.tolist() == [[2, 4, 12, 14]]  # mirrored, then twice the size
    assert instances.targets.tolist() == [[0, 1, 0]]
    assert instances.given_bboxes.tolist() == [THERE]


def test_the_whole_image_stays_whole():
    results = LoadRegions(whole_image=True)(sample(instance(HERE, 0)))
    for key in ("gt_bboxes", "gt_bboxes_labels", "gt_ignore_flags"):
        results[key] = results[key][:0]
    packed = PackRegions()(results)["data_samples"].gt_instances
    assert packed.bboxes.tensor.tolist() == [[0, 0, 10, 8]]
    assert packed.targets.tolist() == [[1, 0, 0]]


def test_mirror_images_exchange_left_and_right():
    results = LoadRegions()(sample(instance(THERE, 0)))
    results = TRANSFORMS.build({"type": "RandomFlip", "prob": 1.0})(results)
    packed = PackRegions(flip_pairs=[(0, 2)])(dict(results))["data_samples"]
    assert packed.gt_instances.targets.tolist() == [[0, 0, 1]]
    upside = {**results, "flip_direction": "vertical"}
    packed = PackRegions(flip_pairs=[(0, 2)])(upside)["data_samples"]
    assert packed.gt_instances.targets.tolist() == [[1, 0, 0]]
    assert exchanged(np.array([[1, 2, 3]]), []).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    "instances", [[], [instance(HERE, 0), instance(HERE, 1)]], ids=["none", "two"]
)
def test_exclusive_classes_must_be_exactly_one(instances):
    load = LoadRegions(whole_image=True, exclusive=True)
    with pytest.raises(PodiumError, match=r"x\.png must have exactly one class"):
        load(sample(*instances))
    load(sample(instance(HERE, 0), instance(HERE, 1, 1)))  # unknown: nobody says


def test_boxes_of_a_run_take_the_place_of_the_annotated_ones(tmp_path):
    found = [{"image_id": 3, "category_id": c, "bbox": [4, 2, 5, 5], "score": 0.5} for c in (1, 2)]
    write_json(tmp_path / "val.json", [*found, {**found[0], "bbox": [1, 1, 2, 2]}])
    assert boxes_of(tmp_path / "val.json")[3].tolist() == [THERE, [1, 1, 3, 3]]
    results = LoadRegions(exclusive=True, boxes=tmp_path / "val.json")(sample(instance(HERE, 0)))
    assert results["given_bboxes"].tolist() == [THERE, [1, 1, 3, 3]]
    assert (results["region_targets"] == -1).all()
    other = LoadRegions(boxes=tmp_path / "val.json")(sample(img_id=4))
    assert other["given_bboxes"].shape == (0, 4)
