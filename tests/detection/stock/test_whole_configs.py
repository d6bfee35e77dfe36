"""Whole configs of MMDetection beside a competition: each builds, trains, predicts and is fused."""

from __future__ import annotations

from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from custom.testing.toy_competition import make_toy_competition
from custom.testing.toy_data import TOY_CLASSES
from custom.training.configuration import RunOptions, load_config
from custom.training.nodes import dicts_below
from custom.training.pretrained import pretrained_weights
from custom.training.test_set import predict_test_set
from custom.training.train import train
from tools.ensemble import main as ensemble

# The detectors' own names, and what makes each small: parts of `model` that are replaced.
WHOLE = {
    "faster_rcnn": "faster_rcnn/faster-rcnn_r50_fpn_1x_coco",
    "retinanet": "retinanet/retinanet_r50_fpn_1x_coco",
    "cascade_rcnn": "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco",
    "mask_swin": "swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco",
    "fcos": "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco",
    "atss": "atss/atss_r50_fpn_1x_coco",
    "tood": "tood/tood_r50_fpn_1x_coco",
    "gfl": "gfl/gfl_r50_fpn_1x_coco",
    "vfnet": "vfnet/vfnet_r50_fpn_1x_coco",
    "deformable_detr": "deformable_detr/deformable-detr-refine-twostage_r50_16xb2-50e_coco",
    "dino": "dino/dino-4scale_r50_8xb2-12e_coco",
    "ddq": "ddq/ddq-detr-4scale_r50_8xb2-12e_coco",
    "sparse_rcnn": "sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco",
    "yolov3": "yolo/yolov3_mobilenetv2_8xb24-320-300e_coco",
    "rtmdet": "rtmdet/rtmdet_s_8xb32-300e_coco",
    "yolox": "yolox/yolox_s_8xb8-300e_coco",
    "centernet": "centernet/centernet_r18-dcnv2_8xb16-crop512-140e_coco",
    "detectors": "detectors/detectors_cascade-rcnn_r50_1x_coco",
}
# DetectoRS pads its coarsest map by two pixels on each side.
SIDE = {"detectors": 128}
USUAL_SIDE = 64
# YOLOX leaves out its mixing in the last epochs: in the second one here.
EPOCHS = {"yolox": 3}
FURTHER = {
    "yolox": "custom_hooks = [dict(type='YOLOXModeSwitchHook', num_last_epochs=1)]\n",
}
SMALL_IMAGE = ("scale", "scales", "img_scale", "crop_size", "size", "random_size_range")
LAYERS = ("num_layers", "num_decoder_layers", "stacked_convs")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy competition, its facts in a config as below `configs/_base_/competitions`."""
    folder = make_toy_competition(tmp_path_factory.mktemp("stock") / "data")
    facts = {
        "name": "toy", "data_root": str(folder), "train_ann": "train.json",
        "test_ann": "test.json", "split": str(folder / "splits" / "toy"), "fold": 0,
        "classes": TOY_CLASSES,
    }  # fmt: skip
    (folder / "facts.py").write_text(f"competition = {facts!r}\n")
    return folder


@pytest.fixture(scope="module")
def companion(data: Path) -> Path:
    """The run that each other is fused with."""
    return trained(data, data.parent / "runs", "companion", WHOLE["retinanet"])


def config_of(data: Path, folder: Path, name: str, whole: str) -> Path:
    path = folder / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'_base_ = ["mmdet::{whole}.py", "{data}/facts.py"]\n'
        f"train_cfg = dict(max_epochs={EPOCHS.get(name, 1)}, val_interval=1)\n"
        "train_dataloader = dict(batch_size=2, num_workers=2)\n" + FURTHER.get(name, "")
    )
    return path


def trained(data: Path, folder: Path, name: str, whole: str) -> Path:
    """Train one epoch with a whole config, everything in it as small as its options allow."""
    config_file = config_of(data, folder / "configs", name, whole)
    config = load_config(config_file, RunOptions(pretrained=False, work_dir=str(folder / name)))
    assert pretrained_weights(config.model) == []
    shrink(config, SIDE.get(name, USUAL_SIDE))
    train(config, config_file)
    predict_test_set(folder / name)
    assert not active_children(), "workers wait for the garbage collector, five seconds each"
    return folder / f"{name}.json"


def shrink(config: Config, side: int) -> None:
    """Take images, layers, channels and proposals away, so that a training takes seconds."""
    for part in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        part.update(num_workers=2, persistent_workers=True)
    for node in dicts_below(config._cfg_dict):
        for key in SMALL_IMAGE:
            if isinstance(node.get(key), list | tuple):
                node[key] = small(node[key], side)
    model = config.model
    _shrink_backbone(model)
    for node in dicts_below(model):
        node.update({key: 2 for key in LAYERS if key in node})  # DDQ needs two
        if "fc_out_channels" in node:
            node["fc_out_channels"] = 16
        if "allowed_border" in node:  # small images have no room for whole anchors
            node["allowed_border"] = -1
        if "nms_pre" in node or "max_per_img" in node:
            node.update({k: 20 for k in ("nms_pre", "max_per_img") if k in node})
    for key in ("num_queries", "dense_topk_ratio"):
        if isinstance(model.get(key), int):
            model[key] = 20
    if model.type == "SparseRCNN":
        model.rpn_head.num_proposals = 10
        model.roi_head.update(num_stages=2, stage_loss_weights=[1, 1])
        model.roi_head.bbox_head = model.roi_head.bbox_head[:2]
        model.train_cfg.rcnn = model.train_cfg.rcnn[:2]
        for head in model.roi_head.bbox_head:
            head.update(feedforward_channels=16)


def small(value: Any, side: int) -> Any:
    """Return a square in the place of one size or of several."""
    if all(isinstance(each, int) for each in value):
        return tuple(side for _ in value)
    return type(value)(small(each, side) for each in value[:2])


def _shrink_backbone(model: Any) -> None:
    """Take seven eighths of a ResNet's channels, and a Swin Transformer's blocks."""
    backbone, neck = model.backbone, model.get("neck") or {}
    if backbone.type == "SwinTransformer":
        backbone.update(depths=[1, 1, 1, 1], embed_dims=12, num_heads=[1, 1, 1, 1])
        neck["in_channels"] = [12, 24, 48, 96]
    if backbone.type in ("ResNet", "DetectoRS_ResNet") and backbone.depth == 50:
        for each in (backbone, neck.get("rfp_backbone") or {}):
            each.update({"base_channels": 8, "stem_channels": 8} if each else {})
        neck["in_channels"] = [channels // 8 for channels in neck["in_channels"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_it_trains_predicts_and_is_fused(name: str, data: Path, companion: Path) -> None:
    folder = data.parent / "runs"
    file = trained(data, folder, name, WHOLE[name])
    out = data.parent / "submissions"
    assert ensemble([str(file), str(companion), "--out", str(out), "--name", name]) in (0, 1)
    assert (out / f"{name}.json").is_file()
