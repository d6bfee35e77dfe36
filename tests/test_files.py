"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from threading import Thread

import pytest

from custom.errors import EXIT_BAD_INPUT, PodiumError, run_tool
from custom.files import atomic_path, canonical_hash, locked, read_json, sha256_of, write_json


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"x": [1, 2.5, None]})
    assert read_json(tmp_path / "new" / "a.json") == {"x": [1, 2.5, None]}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.json"]


def half_written(path: Path) -> None:
    path.write_text("half")
    raise RuntimeError


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        half_written(temporary)
    assert read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="No space left"), atomic_path(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PodiumError, match=r"cannot write .*/file is not a folder"):
        write_json(tmp_path / "file" / "a.json", 1)
    with pytest.raises(PodiumError, match=r"cannot write .*: Not a directory"):
        write_json(tmp_path / "file" / "sub" / "a.json", 1)


def test_a_lock_makes_others_wait_also_when_the_file_is_replaced(tmp_path: Path) -> None:
    path, order = tmp_path / "new" / "a.json", []

    def other() -> None:
        with locked(path):
            order.append("other")

    waiting = Thread(target=other)
    with locked(path):
        waiting.start()
        write_json(path, 1)
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "other"]
    assert read_json(path) == 1
    (tmp_path / "file").write_text("")
    with pytest.raises(PodiumError, match="cannot lock"), locked(tmp_path / "file" / "a.json"):
        pass


def test_broken_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"x": ')
    with pytest.raises(PodiumError, match=r"a\.json must be JSON"):
        read_json(tmp_path / "a.json")
    with pytest.raises(PodiumError, match="cannot read"):
        sha256_of(tmp_path / "absent")


def test_the_canonical_hash_ignores_the_order_of_keys() -> None:
    assert canonical_hash({"a": 1, "b": [2]}) == canonical_hash({"b": [2], "a": 1})
    assert canonical_hash({"a": 1}) != canonical_hash({"a": 2})


def test_a_tool_ends_with_a_message_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: object) -> int:
        raise PodiumError("x must be 1, but is 2")

    with pytest.raises(SystemExit) as exit_:
        run_tool(main)
    assert exit_.value.code == EXIT_BAD_INPUT
    assert capsys.readouterr().err == "error: x must be 1, but is 2\n"


def test_what_killed_writes_left_goes_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    names = (".a.json.0123abc_.tmp", ".a.json.9876xyz_.tmp", ".settings.tmp")
    old, young, other = (tmp_path / name for name in names)
    for left in (old, young, other):
        left.write_text("half")
    two_days_ago = time.time() - 2 * 24 * 3600
    for left in (old, other):
        os.utime(left, (two_days_ago, two_days_ago))
    write_json(path, {})
    assert sorted(tmp_path.iterdir()) == sorted([path, young, other])
