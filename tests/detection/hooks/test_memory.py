import pytest
import torch
from mmengine.config import Config

from custom.detection.hooks import explain_out_of_memory
from custom.errors import PodiumError


def config(batch_size=8, optim=None, backbone=None, pipeline=()):
    return Config(
        {
            "train_dataloader": {"batch_size": batch_size, "dataset": {"pipeline": list(pipeline)}},
            "optim_wrapper": {"type": "OptimWrapper", **(optim or {})},
            "model": {"backbone": backbone or {}},
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


def test_accumulation_that_is_there_is_kept_up():
    message = message_of(config(6, {"accumulative_counts": 4}))
    assert "batch_size=3 optim_wrapper.accumulative_counts=8" in message


@pytest.mark.parametrize(
    ("cfg", "absent"),
    [
        pytest.param(config(1), "accumulative_counts", id="one image"),
        pytest.param(config(optim={"type": "AmpOptimWrapper"}), "--amp", id="amp already"),
        pytest.param(config(backbone={"with_cp": True}), "with_cp", id="checkpointing already"),
    ],
)
def test_what_is_already_so_is_not_proposed(cfg, absent):
    assert absent not in message_of(cfg)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), explain_out_of_memory(config()):
        raise RuntimeError("shapes")
