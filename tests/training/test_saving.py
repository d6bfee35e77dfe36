"""Checkpoints are whole or absent, and the same content gives the same bytes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import save_checkpoint as save_as_mmengine

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.training.saving import (
    check_digest,
    name_folder_without_room,
    save_checkpoint,
)

CONTENT = {"state_dict": {"weight": torch.arange(3)}, "meta": {}}


def no_room(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("save", [save_checkpoint, lambda p, c: save_as_mmengine(c, str(p))])
def test_a_full_disk_leaves_the_old_checkpoint(
    save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best.pth"
    save(path, CONTENT)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(PodiumError, match=r"cannot write .*best\.pth: No space left"):
        save(path, {"state_dict": {}})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_content_gives_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    for name in ("a.pth", "b.pth"):
        save_checkpoint(tmp_path / name, CONTENT)
    assert sha256_of(tmp_path / "a.pth") == sha256_of(tmp_path / "b.pth")
    read = torch.load(tmp_path / "a.pth")
    assert read["state_dict"]["weight"].tolist() == [0, 1, 2]


def test_a_write_without_room_is_told_with_its_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(PodiumError, match=f"cannot write in {tmp_path}: No space"),
        name_folder_without_room(tmp_path),
    ):
        no_room(0)
    with pytest.raises(FileNotFoundError, match="absent"), name_folder_without_room(tmp_path):
        (tmp_path / "absent").read_bytes()


def changed_at(path: Path, index: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    index %= len(content)
    content[index : index + len(value)] = value
    path.write_bytes(content)


def test_every_byte_of_a_checkpoint_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    save_as_mmengine({**CONTENT, "more": torch.arange(2000)}, str(path))
    whole = path.read_bytes()
    check_digest(path)
    assert torch.load(path)["state_dict"]["weight"].tolist() == [0, 1, 2]
    for index in [*range(0, len(whole), 97), -1, -65, -70, -72]:
        path.write_bytes(whole)
        changed_at(path, index, bytes([whole[index] ^ 1]))
        with pytest.raises(PodiumError, match=r"last\.pth must .*give another --work-dir"):
            check_digest(path)
    path.write_bytes(whole)
    changed_at(path, 4096, bytes(512))
    with pytest.raises(PodiumError, match="its content has changed"):
        check_digest(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], "but is cut short", id="cut"),
        pytest.param(lambda whole: b"", "but is cut short", id="empty"),
        pytest.param(lambda whole: whole[:-71], "hold its SHA-256, but does not", id="no digest"),
    ],
)
def test_a_checkpoint_without_its_end_is_refused(content, message, tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    save_checkpoint(path, CONTENT, digest=True)
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(PodiumError, match=message):
        check_digest(path)
