from urllib.error import URLError

import pytest
import torch
from torch import nn

from custom.classification.models import TimmBackbone
from custom.errors import PodiumError
from custom.training import weights
from custom.training.checks.weights import check_weights
from custom.training.pretrained import strip_pretrained


def saved(backbone, path, **more):
    """Write the weights as timm does: those of a whole model, with its classifier."""
    state = {**backbone.body.state_dict(), "fc.weight": torch.zeros(9, 96), **more}
    torch.save(state, path)
    return {"type": "Pretrained", "checkpoint": str(path)}


@pytest.mark.parametrize("side", [3, 4])
def test_the_stem_for_small_images_keeps_their_size(side):
    backbone = TimmBackbone("resnet18", small_stem=side)
    size = 32 if side == 3 else 31  # four pixels, one of padding
    assert backbone.body.maxpool(backbone.body.conv1(torch.zeros(1, 3, 32, 32))).shape[2:] == (
        size,
        size,
    )
    assert backbone.body.conv1.bias is None


def test_weights_of_a_file_are_loaded_and_a_normal_initialization_is_made(tmp_path):
    first = TimmBackbone("test_resnet")
    init = saved(first, tmp_path / "timm.pth")
    second = TimmBackbone("test_resnet", init_cfg=init)
    second.init_weights()
    assert all(
        map(torch.equal, first.body.state_dict().values(), second.body.state_dict().values())
    )
    normal = TimmBackbone("test_resnet", init_cfg={"type": "Normal", "layer": "Conv2d", "std": 0.5})
    normal.init_weights()
    stds = [m.weight.std().item() for m in normal.modules() if isinstance(m, nn.Conv2d)]
    assert all(0.4 < std < 0.6 for std in stds)


def test_weights_of_another_model_are_refused(tmp_path):
    init = saved(TimmBackbone("test_resnet"), tmp_path / "timm.pth")
    with pytest.raises(PodiumError, match="of the same timm model"):
        TimmBackbone("resnet18", init_cfg=init).init_weights()


def test_without_network_the_ways_out_are_named(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    model = {"init_cfg": {"type": "Pretrained", "checkpoint": "timm://convnext_tiny.fb_in1k"}}
    config = type("Config", (dict,), {"model": model})()
    with pytest.raises(PodiumError, match="convnext_tiny") as refusal:
        check_weights(config)
    file = tmp_path / "checkpoints" / "timm_convnext_tiny.fb_in1k_model.safetensors"
    for way in (f"put the file there yourself: {file}", "--no-pretrained", "--load-from FILE"):
        assert way in str(refusal.value)
    strip_pretrained(model)
    check_weights(config)  # nothing is left to be had


def test_a_safetensors_file_is_read(tmp_path):
    from safetensors.torch import save_file

    save_file({"conv.weight": torch.ones(2)}, tmp_path / "model.safetensors")
    content = weights.read_checkpoint(tmp_path / "model.safetensors")
    assert content["state_dict"]["conv.weight"].tolist() == [1, 1]
