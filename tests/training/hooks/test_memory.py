import re
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config

from custom.errors import PodiumError
from custom.training.configuration import RunOptions, load_config, parse_overrides
from custom.training.hooks import explain_out_of_memory

register_all_modules()

TRASH = Path(__file__).parents[3] / "configs/trash"
# One config a backbone that recomputes in a way of its own.
CONFIG_FILES = [
    TRASH / f"{name}.py"
    for name in (
        "universenet50",
        "swin_t_cascade",
        "rtmdet_s",
        "yolov5_s",
        "yolox_s",
        "pvtv2_b3_retinanet",
    )
]


def config(batch_size=8, optim=None, backbone=None, pipeline=()):
    return Config(
        {
            "train_dataloader": {"batch_size": batch_size, "dataset": {"pipeline": list(pipeline)}},
            "optim_wrapper": {"type": "OptimWrapper", **(optim or {})},
            "model": {"backbone": backbone or {"type": "ResNet"}},
            "val_dataloader": {"batch_size": 16, "dataset": {"pipeline": list(pipeline)}},
        }
    )


def message_of(cfg) -> str:
    with pytest.raises(PodiumError) as caught, explain_out_of_memory(cfg):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    return str(caught.value)


def test_it_names_batch_size_and_image_size_and_what_would_fit():
    scales = [{"type": "RandomChoiceResize", "scales": [(640, 480), (1024, 800)]}]
    message = message_of(config(pipeline=scales))
    assert "a batch of 8 images at 1024x800" in message
    assert "train_dataloader.batch_size=4 optim_wrapper.accumulative_counts=2" in message
    assert "effective batch of 8" in message
    assert "--amp" in message
    assert "model.backbone.with_cp=True" in message


@pytest.mark.parametrize("config_file", CONFIG_FILES, ids=lambda config_file: config_file.stem)
def test_a_config_with_what_is_proposed_can_be_built(config_file):
    proposed = re.findall(
        r"--cfg-options (.*?)  \(", message_of(load_config(config_file, RunOptions()))
    )
    overrides = parse_overrides(" ".join(proposed).split())
    cfg = load_config(config_file, RunOptions(overrides=overrides, pretrained=False))
    model = MODELS.build(cfg.model)
    for module in cfg.get("activation_checkpointing", []):
        model.get_submodule(module)


def test_the_effective_batch_stays_where_half_of_it_is_no_whole_number():
    message = message_of(config(9))
    assert "batch_size=3 optim_wrapper.accumulative_counts=3" in message
    assert "effective batch of 9" in message


def test_factors_are_no_sizes():
    paste = {"type": "RareClassPaste", "scale": (0.7, 1.3)}
    assert "a batch of 8 images;" in message_of(config(pipeline=[paste]))


def test_validation_that_takes_too_much_names_its_own_batch():
    def val_step():
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    cfg = config(2, pipeline=[{"type": "Resize", "scale": (640, 480)}])
    with pytest.raises(PodiumError) as caught, explain_out_of_memory(cfg):
        val_step()
    assert "predict on 16 images at once at 640x480" in str(caught.value)
    assert "val_dataloader.batch_size" in str(caught.value)


def test_accumulation_that_is_there_is_kept_up():
    message = message_of(config(6, {"accumulative_counts": 4}))
    assert "batch_size=3 optim_wrapper.accumulative_counts=8" in message


@pytest.mark.parametrize(
    ("cfg", "absent"),
    [
        pytest.param(config(1), "accumulative_counts", id="one image"),
        pytest.param(config(optim={"type": "AmpOptimWrapper"}), "--amp", id="amp already"),
        pytest.param(
            config(backbone={"type": "ResNet", "with_cp": True}),
            "with_cp",
            id="checkpointing already",
        ),
        pytest.param(
            config(backbone={"type": "PyramidVisionTransformerV2"}),
            "checkpointing",
            id="a backbone without checkpointing",
        ),
    ],
)
def test_what_is_already_so_is_not_proposed(cfg, absent):
    assert absent not in message_of(cfg)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), explain_out_of_memory(config()):
        raise RuntimeError("shapes")
