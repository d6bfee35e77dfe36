import json
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from custom.detection.datasets import CompetitionDataset
from custom.errors import PodiumError
from custom.splits import make_split, seal
from custom.tables.coco import read_ground_truth
from custom.testing.toy_config import FLIP, LOADERS
from custom.testing.toy_data import TOY_CLASSES, make_toy_coco
from custom.training.seeding import SampleKey, SeededSampler

RANDOM = [
    *LOADERS,
    {"type": "RandomResize", "scale": (64, 64), "ratio_range": (0.5, 2.0)},
    {"type": "RandomCrop", "crop_size": (32, 32), "allow_negative_crop": True},
    *FLIP[2:],
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmdet")


@pytest.fixture
def ann_file(tmp_path: Path) -> Path:
    return make_toy_coco(tmp_path / "toy")


def build(path: Path, **kwargs) -> CompetitionDataset:
    defaults = {"ann_file": path.name, "data_prefix": {"img": ""}, "pipeline": FLIP}
    return CompetitionDataset(data_root=str(path.parent), **{**defaults, **kwargs})


def edit(ann_file: Path, change) -> None:
    content = json.loads(ann_file.read_text())
    change(content)
    ann_file.write_text(json.dumps(content))


def same(one: dict, two: dict) -> bool:
    gt_one, gt_two = (sample["data_samples"].gt_instances for sample in (one, two))
    return (
        torch.equal(one["inputs"], two["inputs"])
        and torch.equal(gt_one.bboxes.tensor, gt_two.bboxes.tensor)
        and torch.equal(gt_one.labels, gt_two.labels)
    )


def test_a_sample_is_a_function_of_its_key(ann_file):
    dataset = build(ann_file, pipeline=RANDOM)
    first = dataset[SampleKey(3, seed=42, epoch=1)]
    random.random(), np.random.rand(), torch.rand(1), dataset[SampleKey(5, seed=1)]
    assert same(first, dataset[SampleKey(3, seed=42, epoch=1)])


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(SampleKey(3, seed=43, epoch=1), id="another seed"),
        pytest.param(SampleKey(3, seed=42, epoch=2), id="another epoch"),
        pytest.param(SampleKey(3, seed=42, epoch=1, repeat=1), id="drawn again"),
        pytest.param(SampleKey(4, seed=42, epoch=1), id="another index"),
    ],
)
def test_another_key_is_another_sample(ann_file, key):
    dataset = build(ann_file, pipeline=RANDOM)
    assert not same(dataset[SampleKey(3, seed=42, epoch=1)], dataset[key])


def test_the_generators_are_left_as_they_were(ann_file):
    dataset = build(ann_file, pipeline=RANDOM)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    dataset[SampleKey(0, seed=42)]
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def batches(dataset, workers: int, epochs: int = 2, **kwargs) -> list[tuple]:
    sampler = SeededSampler(dataset, seed=42)
    loader = DataLoader(dataset, 3, sampler=sampler, num_workers=workers, collate_fn=list, **kwargs)
    drawn = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        for batch in loader:
            drawn += [(s["data_samples"].img_id, s) for s in batch]
    return drawn


@pytest.mark.parametrize(
    ("workers", "kwargs"),
    [
        pytest.param(1, {"persistent_workers": True}, id="one that stays"),
        pytest.param(2, {"persistent_workers": True, "prefetch_factor": 4}, id="two that stay"),
        pytest.param(2, {}, id="two anew each epoch"),
        pytest.param(
            1,
            {"multiprocessing_context": "spawn", "persistent_workers": True},
            id="spawned",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_batches_are_the_same_for_any_workers(ann_file, workers, kwargs):
    dataset = build(ann_file, pipeline=RANDOM)
    expected, found = batches(dataset, 0), batches(dataset, workers, **kwargs)
    assert len(expected) == len(found) == 2 * 8
    for (one_id, one), (two_id, two) in zip(expected, found, strict=True):
        assert one_id == two_id
        assert same(one, two)


def test_fold_parts_are_disjoint_and_together_everything(ann_file, tmp_path):
    seal(make_split(read_ground_truth(ann_file), num_folds=2), tmp_path / "split")
    parts = [
        build(ann_file, split=str(tmp_path / "split"), fold=1, part=part)
        for part in ("train", "val", "test")
    ]
    train, val, test = ({d.get_data_info(i)["img_id"] for i in range(len(d))} for d in parts)
    assert train & val == set()
    assert train | val == test == set(range(8))
    assert len(val) > 0


def test_images_without_boxes_stay_unless_asked(ann_file):
    assert len(build(ann_file)) == 8
    assert len(build(ann_file, filter_cfg={"filter_empty_gt": True})) == 7
    assert len(build(ann_file)[1]["data_samples"].gt_instances) == 0


def test_the_classes_are_the_file_s(ann_file):
    assert build(ann_file).metainfo["classes"] == TOY_CLASSES


def test_stages_choose_the_pipeline_by_epoch(ann_file):
    plain = [*LOADERS, {"type": "PackDetInputs"}]
    dataset = build(ann_file, pipeline=RANDOM, stages=[(2, plain)])
    raw = cv2.imread(str(ann_file.parent / "images/0003.png")).transpose(2, 0, 1)
    assert dataset[SampleKey(3, epoch=1)]["inputs"].shape != raw.shape
    assert np.array_equal(dataset[SampleKey(3, epoch=2)]["inputs"].numpy(), raw)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        pytest.param(
            {"metainfo": {"classes": ("red", "green")}}, r"must be those of .*blue", id="fewer"
        ),
        pytest.param(
            {"metainfo": {"classes": ("green", "red", "blue")}}, "in its order", id="order"
        ),
        pytest.param({"part": "dev"}, "part must be one of", id="part"),
        pytest.param({"split": "somewhere"}, "needs a fold", id="split without fold"),
        pytest.param({"ann_file": "none.json"}, r"cannot read .*none.json", id="no file"),
    ],
)
def test_a_wrong_config_is_refused(ann_file, kwargs, message):
    with pytest.raises(PodiumError, match=message):
        build(ann_file, **kwargs)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"bbox": [1, 1, 0, 20]}, id="no width"),
        pytest.param({"bbox": [1, 1, 5, -20]}, id="negative height"),
        pytest.param({"bbox": [70, 1, 5, 5]}, id="outside"),
        pytest.param({"category_id": 3}, id="unknown class"),
    ],
)
def test_an_annotation_that_cannot_be_trained_on_is_refused(ann_file, change):
    edit(ann_file, lambda content: content["annotations"][0].update(change))
    with pytest.raises(PodiumError, match=r"annotation 0 of image images/0000\.png must be"):
        build(ann_file)


def test_thin_boxes_and_crowds_are_kept(ann_file):
    def change(content):
        content["annotations"][0].update(bbox=[1.25, 1, 0.5, 20], iscrowd=1)

    edit(ann_file, change)
    instance = build(ann_file).get_data_info(0)["instances"][0]
    assert instance["bbox"] == [1.25, 1, 1.25 + 0.5, 1 + 20]
    assert instance["ignore_flag"] == 1


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_text(path: Path) -> None:
    path.write_bytes(b"<html>not found</html>")


def damage_size(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((64, 48, 3), np.uint8))


@pytest.mark.parametrize("damage", [damage_missing, damage_empty, damage_text, damage_size])
def test_a_broken_image_is_an_error_that_names_it(ann_file, damage):
    dataset = build(ann_file)
    damage(ann_file.parent / "images/0003.png")
    with pytest.raises(PodiumError, match=r"images/0003\.png"):
        dataset[3]


def test_a_jpeg_cut_short_is_an_error_that_names_it(ann_file):
    def to_jpeg(content):
        content["images"][3]["file_name"] = "images/0003.jpg"

    edit(ann_file, to_jpeg)
    path = ann_file.parent / "images/0003.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    whole = path.read_bytes()
    dataset = build(ann_file)
    dataset[3]
    path.write_bytes(whole + b"what a camera appends")
    dataset[3]
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PodiumError, match=r"0003\.jpg: .*truncated"):
        dataset[3]


def test_a_pipeline_that_leaves_nothing_is_an_error_that_names_the_image(ann_file):
    empty = {"type": "FilterAnnotations", "min_gt_bbox_wh": (500, 500), "keep_empty": True}
    dataset = build(ann_file, pipeline=[*LOADERS, empty, {"type": "PackDetInputs"}])
    with pytest.raises(PodiumError, match=r"left nothing of .*0000\.png"):
        dataset[0]


def test_a_crop_that_gives_up_is_drawn_again_on_the_same_image(ann_file):
    crop = {"type": "RandomCrop", "crop_size": (16, 16)}
    dataset = build(ann_file, pipeline=[*LOADERS, crop, {"type": "PackDetInputs"}])
    for epoch in range(20):
        sample = dataset[SampleKey(0, seed=1, epoch=epoch)]
        assert sample["data_samples"].img_id == 0
        assert same(sample, dataset[SampleKey(0, seed=1, epoch=epoch)])


def test_augmentations_come_right_after_the_loaders(ann_file):
    dataset = build(ann_file, augmentations=[{"type": "RandomFog"}, {"type": "Mixup"}])
    names = [type(transform).__name__ for transform in dataset.pipeline.transforms]
    assert names[:5] == ["LoadImageFromFile", "LoadAnnotations", "RandomFog", "Mixup", "RandomFlip"]


AUGMENTATIONS = Path(__file__).parents[3] / "configs/_base_/augmentations"


# Tested in tests/classification.
OF_CLASSIFIERS = {"label_cutmix", "label_mixup", "strong"}


@pytest.mark.parametrize(
    "name", sorted({path.stem for path in AUGMENTATIONS.glob("*.py")} - OF_CLASSIFIERS)
)
def test_every_augmentation_base_gives_good_samples(ann_file, name):
    config = Config.fromfile(AUGMENTATIONS / f"{name}.py")
    dataset = build(ann_file, augmentations=config.augmentations)
    plain = build(ann_file)
    changed = 0
    for epoch in range(4):
        for index in range(len(dataset)):
            key = SampleKey(index, seed=42, epoch=epoch)
            sample = dataset[key]
            assert same(sample, dataset[key])
            instances = sample["data_samples"].gt_instances
            height, width = sample["inputs"].shape[1:]
            assert instances.labels.dtype == torch.int64
            assert len(instances.labels) == len(instances.bboxes)
            low, high = instances.bboxes.tensor[:, :2], instances.bboxes.tensor[:, 2:]
            assert bool((low >= 0).all())
            assert bool((high <= torch.tensor([width, height])).all())
            assert bool((high > low).all())
            changed += not same(sample, plain[key])
    assert changed == 0 if name == "flip" else changed > 0


def test_a_file_under_a_name_in_another_form_is_loaded(ann_file):
    path = ann_file.parent / "images/0003.png"
    path.rename(path.with_name("0003.PNG"))
    dataset = build(ann_file)
    names = [dataset.get_data_info(index)["img_path"] for index in range(len(dataset))]
    assert str(path.with_name("0003.PNG")) in names
