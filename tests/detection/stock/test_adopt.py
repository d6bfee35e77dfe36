"""What of MMDetection's own configs is replaced, and that each replacement is said."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData

from custom.detection.models import SeededBatchResize
from custom.detection.stock.adopt import adopt_config
from custom.errors import PodiumError
from custom.training.configuration import RunOptions, load_config

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
FACTS = CONFIGS / "_base_" / "competitions" / "sample.py"
COCO = {"type": "CocoDataset", "ann_file": "a.json", "pipeline": [{"type": "LoadImageFromFile"}]}


def load(tmp_path: Path, *bases: str, text: str = "", **options: Any) -> Config:
    config_file = tmp_path / "config_file.py"
    config_file.write_text(f"_base_ = {list(bases)}\n{text}")
    return load_config(config_file, RunOptions(pretrained=False, **options))


def names(pipeline: list[dict]) -> list[str]:
    return [transform["type"] for transform in pipeline]


def test_three_lines_are_a_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)  # from any directory
    with caplog.at_level(logging.WARNING):
        config = load(
            tmp_path, "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py", str(FACTS), fold=1
        )
    for part in ("train", "val", "test"):
        dataset = config[f"{part}_dataloader"].dataset
        assert (dataset.type, dataset.part) == ("CompetitionDataset", part)
        assert dataset.data_root == "data/sample"
        assert "filter_cfg" not in dataset
        assert config[f"{part}_dataloader"].dataset.pipeline[-1]["type"] == "PackDetInputs"
    assert config.train_dataloader.dataset.fold == 1
    assert config.train_dataloader.dataset.pipeline[2].scale == (1333, 800), "the recipe's own"
    assert config.val_evaluator.type == "CompetitionMetric"
    assert config.default_hooks.checkpoint.save_best == "coco/bbox_mAP_50"
    assert config.optim_wrapper.optimizer.lr == 0.02
    assert config.model.roi_head.bbox_head.num_classes == 10
    said = caplog.text
    assert "train_dataloader.dataset: CompetitionDataset, the competition's train images" in said
    assert "takes the place of CocoDataset (annotations/instances_train2017.json)" in said
    assert "filter_cfg is left out: images without boxes are trained on" in said
    assert "val_evaluator: CompetitionMetric" in said
    assert "for batches of 16, but a batch has 2" in said


def test_a_config_of_our_own_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    for config_file in ("sample/yolox_nano.py", "trash/dino_r50.py", "trash/universenet101.py"):
        load_config(CONFIGS / config_file, RunOptions())
    assert caplog.text == ""


def test_a_stock_schedule_and_runtime(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The training ran to its end and then found no best checkpoint."""
    base = CONFIGS / "_base_"
    config = load(
        tmp_path,
        str(base / "models/universenet_nano.py"),
        str(base / "datasets/sample.py"),
        "mmdet::_base_/schedules/schedule_1x.py",
        "mmdet::_base_/default_runtime.py",
    )
    assert config.default_hooks.checkpoint.save_best == "coco/bbox_mAP_50"
    assert "default_hooks.checkpoint: save_best" in caplog.text
    assert "CompetitionDataset" not in caplog.text


def test_yolox_switches_its_pipeline_by_stages(tmp_path: Path) -> None:
    config = load(tmp_path, "mmdet::yolox/yolox_s_8xb8-300e_coco.py", str(FACTS))
    pipeline = config.train_dataloader.dataset.pipeline
    mixing = [
        "LoadImageFromFile",
        "LoadAnnotations",
        "SeededMosaic",
        "RandomAffine",
        "WithPartners",
    ]
    assert names(pipeline)[:5] == mixing
    (stage,) = config.custom_hooks[0]["stages"]
    # MMDetection switches at 0-based epoch 284 of 300, with 15 last epochs.
    assert (stage["epoch"], stage["attributes"]) == (285, {"bbox_head.use_l1": True})
    last = names(stage["pipeline"])
    assert last[:3] == ["LoadImageFromFile", "LoadAnnotations", "YOLOXHSVRandomAug"]
    assert not {"SeededMosaic", "Mosaic", "WithPartners", "RandomAffine"} & set(last)
    resize = config.model.data_preprocessor.batch_augments[0]
    assert resize.type == "SeededBatchResize"


def test_rtmdet_keeps_no_cache(tmp_path: Path) -> None:
    config = load(tmp_path, "mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py", str(FACTS))
    pipeline = config.train_dataloader.dataset.pipeline
    assert not [name for name in names(pipeline) if name.startswith("Cached")]
    mosaic = next(t for t in pipeline if t["type"] == "SeededMosaic")
    assert "max_cached_images" not in mosaic
    (stages,) = [hook for hook in config.custom_hooks if hook["type"] == "StagesHook"]
    assert stages["stages"][0]["epoch"] == 281


def test_masks_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = load(tmp_path, "mmdet::swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py", str(FACTS))
    assert "mask_head" not in config.model.roi_head
    assert config.train_dataloader.dataset.pipeline[1]["with_mask"] is False
    assert "its mask branch is left out" in caplog.text
    with pytest.raises(PodiumError, match="the model HybridTaskCascade learns masks"):
        load(tmp_path, "mmdet::htc/htc-without-semantic_r50_fpn_1x_coco.py", str(FACTS))


def bare(**changes: Any) -> Config:
    loader = {"batch_size": 2, "dataset": COCO}
    model = {"type": "X", "data_preprocessor": {"type": "DetDataPreprocessor"}}
    return Config({"model": model, "train_dataloader": loader, **changes})


def test_the_same_images_are_not_trained_on_twice() -> None:
    both = {"type": "ConcatDataset", "datasets": [COCO, COCO]}
    repeated = {"type": "RepeatDataset", "times": 3, "dataset": both}
    config = bare(train_dataloader={"dataset": repeated})
    said = adopt_config(config, "x.py")
    dataset = config.train_dataloader.dataset
    assert (dataset.type, dataset.times) == ("RepeatDataset", 3)
    assert dataset.dataset.type == "CompetitionDataset"
    assert "the competition's images, once, take the place of 2 data sets" in "\n".join(said)


def test_data_of_ones_own_is_left_to_the_checks() -> None:
    ours = {"type": "CompetitionDataset", "part": "train", "pipeline": []}
    for dataset in (
        ours,
        {"type": "MyDataset"},
        {"type": "ConcatDataset", "datasets": [ours, COCO]},
    ):
        config = bare(train_dataloader={"dataset": dataset})
        before = config.to_dict()
        assert adopt_config(config, "x.py") == []
        assert config.to_dict() == before


def test_what_would_escape_the_seed_is_refused() -> None:
    balanced = {"type": "ClassBalancedDataset", "oversample_thr": 1e-3, "dataset": COCO}
    with pytest.raises(PodiumError, match="ClassBalancedDataset, under which the seed has no"):
        adopt_config(bare(train_dataloader={"dataset": balanced}), "x.py")


def test_a_whole_config_beside_our_data_sets_is_told(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="stands beside configs/_base_/competitions/NAME"):
        load(
            tmp_path,
            "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py",
            str(CONFIGS / "_base_/datasets/sample.py"),
        )
    with pytest.raises(PodiumError, match="beside a whole config of MMDetection"):
        load(tmp_path, "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py")


def resized(iteration: int, seed: int = 42) -> tuple[tuple[int, ...], list[float]]:
    """Return the size of a batch at an iteration, and its one box, from a fresh module."""
    hub = MessageHub.get_instance("test_adopt")
    hub.update_info("iter", iteration)
    hub.update_info("seed", seed)
    module = SeededBatchResize((64, 256), interval=10, size_divisor=32)
    sample = DetDataSample(metainfo={"img_shape": (64, 96), "pad_shape": (64, 96)})
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[0.0, 0.0, 48.0, 32.0]]))
    inputs, samples = module(torch.zeros(1, 3, 64, 96), [sample])
    return tuple(inputs.shape[-2:]), samples[0].gt_instances.bboxes[0].tolist()


def test_a_batch_size_is_a_function_of_seed_and_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = MessageHub.get_instance("test_adopt")
    monkeypatch.setattr(MessageHub, "get_current_instance", lambda: hub)
    assert [resized(i)[0] for i in (0, 9)] == [(64, 96)] * 2, "the first interval is as it comes"
    sizes = [resized(i)[0] for i in range(10, 200, 10)]
    assert [resized(i + 7)[0] for i in range(10, 200, 10)] == sizes
    assert len(set(sizes)) > 3
    assert all(64 <= height <= 256 and height % 32 == 0 for height, _ in sizes)
    assert sizes != [resized(i, seed=43)[0] for i in range(10, 200, 10)]
    (height, width), box = resized(30)
    assert box == pytest.approx([0, 0, 48 * width / 96, 32 * height / 64])
