"""Torchvision beside a torch that its own operators do not fit."""

from importlib.util import find_spec

import pytest
import torch

from custom.training import torchvision_operators
from custom.training.torchvision_operators import declare_operators

needs_torchvision = pytest.mark.skipif(not find_spec("torchvision"), reason="needs torchvision")


@needs_torchvision
def test_torchvision_can_be_imported_once_training_is():
    import torchvision  # ends at "operator torchvision::nms does not exist" without

    assert torchvision.__version__


@needs_torchvision
def test_timm_can_be_imported_and_a_model_of_it_runs():
    timm = pytest.importorskip("timm")
    model = timm.create_model("test_resnet", pretrained=False, num_classes=2).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 2)


def test_what_is_declared_is_not_declared_again():
    """A second definition of a schema is an error of torch's."""
    assert hasattr(torch.ops.torchvision, "nms")
    assert declare_operators.__wrapped__() == ()


def test_only_what_is_absent_is_declared(monkeypatch):
    schema = "podium_test(Tensor a) -> int"
    monkeypatch.setitem(torchvision_operators._SCHEMAS, "podium_test", schema)
    assert not hasattr(torch.ops.torchvision, "podium_test")
    (library,) = declare_operators.__wrapped__()
    assert hasattr(torch.ops.torchvision, "podium_test")
    del library
