"""Reading checkpoints: tensors and plain data, whatever wrote them; nothing in them is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.training import weights
from custom.training.pretrained import pretrained_weights, strip_pretrained
from custom.training.weights import fetch, read_checkpoint, trust_checkpoints, url_of

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3)}


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    torch.save({"state_dict": STATE, "meta": {"x": Touch(tmp_path / "PWNED")}}, tmp_path / "e.pth")
    return tmp_path / "e.pth"


@pytest.fixture(autouse=True)
def _nobody_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_trusted", set())


def test_code_in_a_file_is_not_run(evil: Path, tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"also holds posix\.system.*--trust-checkpoint") as error:
        read_checkpoint(evil)
    assert sha256_of(evil) in str(error.value)
    assert not (tmp_path / "PWNED").exists()


def test_mmengine_reads_no_code_either(evil: Path, tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"posix\.system"):
        load_checkpoint(nn.Linear(1, 1), str(evil))
    for prefix in ({}, {"prefix": "conv."}):
        init = {"type": "Pretrained", "checkpoint": str(evil), **prefix}
        with pytest.raises(PodiumError, match=r"posix\.system"):
            BaseModule(init).init_weights()
    assert not (tmp_path / "PWNED").exists()


def test_a_trusted_file_is_unpickled_until_it_changes(evil: Path, tmp_path: Path) -> None:
    trust_checkpoints([sha256_of(evil).upper()])
    assert torch.equal(read_checkpoint(evil)["state_dict"]["conv.weight"], STATE["conv.weight"])
    assert (tmp_path / "PWNED").exists()
    torch.save({"meta": Touch(tmp_path / "AGAIN")}, evil)
    with pytest.raises(PodiumError, match=r"posix\.system"):
        read_checkpoint(evil)
    assert not (tmp_path / "AGAIN").exists()


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64])
def test_trust_is_by_digest(digest: str) -> None:
    with pytest.raises(PodiumError, match="must be the SHA-256 of a file"):
        trust_checkpoints([digest])


def logged() -> HistoryBuffer:
    buffer = HistoryBuffer([0.5, 0.25], [1, 2])
    buffer.update(2.0)
    return buffer


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(STATE, id="a state dict alone, as exported from YOLOv5"),
        pytest.param(
            {
                "meta": {
                    "CLASSES": ("a", "b"), "config": "model = dict()", "mmdet_version": "2.3.0",
                    "hook_msgs": {"best_score": np.float64(0.5), "best_epoch": np.int64(3)},
                },
                "state_dict": STATE,
                "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": []},
            },
            id="MMDetection 2 and UniverseNet",
        ),
        pytest.param(
            {
                "meta": {"dataset_meta": {"classes": ("a",), "p": np.zeros((1, 3), np.uint8)}},
                "state_dict": STATE,
                "message_hub": {"log_scalars": {"train/loss": logged()}, "resumed_keys": {}},
            },
            id="MMDetection 3",
        ),
    ],
)  # fmt: skip
def test_checkpoints_of_old_and_new_are_read(content: dict, as_zip: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    torch.save(content, file, _use_new_zipfile_serialization=as_zip)
    read = read_checkpoint(file)
    assert torch.equal(read.get("state_dict", read)["conv.weight"], STATE["conv.weight"])
    if "meta" in content:
        assert str(read["meta"]) == str(content["meta"])
    if "message_hub" in content:
        buffer = read["message_hub"]["log_scalars"]["train/loss"]
        assert buffer.data[0].tolist() == [0.5, 0.25, 2.0]
        assert buffer.statistics("mean") == pytest.approx(2.75 / 4)
    shapes = read_checkpoint(file, map_location="meta")
    assert shapes.get("state_dict", shapes)["conv.weight"].is_meta


class Taken:
    """Unpickled, it takes something of a class by `getattr`."""

    def __init__(self, owner: type, name: str) -> None:
        self.taken = owner, name

    def __reduce__(self):
        return getattr, self.taken


@pytest.mark.parametrize(
    ("owner", "name"), [(HistoryBuffer, "__init__"), (HistoryBuffer, "update"), (dict, "get")]
)
def test_only_a_logs_own_methods_are_taken(owner: type, name: str, tmp_path: Path) -> None:
    torch.save({"meta": Taken(owner, name), "state_dict": STATE}, tmp_path / "a.pth")
    with pytest.raises(PodiumError, match="must hold tensors and plain data"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "cannot read the checkpoint .*a.pth", id="empty"),
        pytest.param(b"PK\x03\x04 no", "cannot read the checkpoint .*a.pth", id="no zip"),
        pytest.param(b"no checkpoint", "a.pth: it is damaged, or nothing that", id="text"),
        pytest.param(pickle.dumps([1]), "a.pth: it is damaged, or nothing that", id="pickle"),
    ],
)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_what_is_no_checkpoint_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(PodiumError, match=message):
        read_checkpoint(tmp_path / "a.pth")


def test_a_checkpoint_must_be_a_dict(tmp_path: Path) -> None:
    torch.save([1], tmp_path / "a.pth")
    with pytest.raises(PodiumError, match="must hold a dict, but holds a list"):
        read_checkpoint(tmp_path / "a.pth")
    with pytest.raises(PodiumError, match=r"file or a URL, but is neither: .*b\.pth"):
        read_checkpoint(tmp_path / "b.pth")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("a/b.pth", None),
        ("https://x.org/a.pth", "https://x.org/a.pth"),
        ("torchvision://resnet50", "https://download.pytorch.org/models/resnet50-0676ba61.pth"),
        ("modelzoo://resnet18", "https://download.pytorch.org/models/resnet18-f37072fd.pth"),
        (
            "open-mmlab://detectron2/resnet50_caffe",
            "https://mmassets.onedl.ai/pretrain/third_party/resnet50_msra-5891d200.pth",
        ),
    ],
)
def test_names_have_urls_without_torchvision(name: str, url: str | None) -> None:
    assert url_of(name) == url


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("torchvision://resnet51", "did you mean resnet50"),
        ("s3://bucket/a.pth", "give a file or the URL itself"),
    ],
)
def test_unknown_names_are_told(name: str, hint: str) -> None:
    with pytest.raises(PodiumError, match=f"must be a name that MMEngine has a URL for.*{hint}"):
        url_of(name)


def test_weights_come_from_torchs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    file = tmp_path / "checkpoints" / "resnet50-0676ba61.pth"
    torch.save(STATE, file)
    assert fetch("torchvision://resnet50") == file
    module = BaseModule({"type": "Pretrained", "checkpoint": "torchvision://resnet50"})
    module.conv = nn.Linear(3, 2)
    module.init_weights()
    assert torch.equal(module.conv.weight, STATE["conv.weight"])
    with pytest.raises(PodiumError, match=r"could not be downloaded from .*put the file there"):
        fetch("http://127.0.0.1:9/other.pth")


def test_pretrained_parts_of_every_kind_are_found_and_left_out() -> None:
    model = {
        "backbone": {"init_cfg": {"type": "Pretrained", "checkpoint": "a"}},
        "neck": {"rfp_backbone": {"pretrained": "torchvision://resnet50"}},
        "head": {"init_cfg": [{"type": "Normal"}, {"type": "mmdet.Pretrained", "checkpoint": "b"}]},
    }
    assert pretrained_weights(model) == ["a", "b", "torchvision://resnet50"]
    strip_pretrained(model)
    assert pretrained_weights(model) == []
    assert model["head"]["init_cfg"] == [{"type": "Normal"}]
