"""Files that change together: all old or all new, whenever the process is killed."""

import os
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.file_sets import complete, replace_folder, together
from custom.files import write_text


class Killed(BaseException):
    """In place of a kill: nothing of the library catches it."""


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.parts[-3:])
    }


def make_old(folder: Path) -> None:
    for name in ("x.csv", "x.json", "run/run.json", "run/gone.json"):
        write_text(folder / name, "old")


def write_new(folder: Path) -> None:
    with together(folder, "x") as new:
        for name in ("x.csv", "x.json", "run/run.json"):
            write_text(new / name, "new")


OLD = dict.fromkeys(("x.csv", "x.json", "run/run.json", "run/gone.json"), "old")
NEW = dict.fromkeys(("x.csv", "x.json", "run/run.json"), "new")


@pytest.mark.parametrize("number", range(1, 12))
def test_a_kill_leaves_all_or_nothing(tmp_path, monkeypatch, number):
    make_old(tmp_path)
    done = 0

    def counting(real):
        def rename(*args, **kwargs):
            nonlocal done
            done += 1
            if done == number:
                raise Killed
            return real(*args, **kwargs)

        return rename

    with monkeypatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(os, name, counting(getattr(os, name)))
        try:
            write_new(tmp_path)
        except Killed:
            pass
        else:
            assert number > 8  # three files, the commit, two files, two for the folder
    complete(tmp_path)
    # The fourth rename is the moment of the change.
    assert contents(tmp_path) == (OLD if number <= 4 else NEW)
    write_new(tmp_path)
    assert contents(tmp_path) == NEW
    assert not list(tmp_path.glob(".*"))


def test_a_failure_leaves_what_was_there_and_names_the_folder(tmp_path):
    make_old(tmp_path)

    def fail() -> None:
        with together(tmp_path, "x") as new:
            write_text(new / "x.csv", "new")
            raise PodiumError(f"{new / 'x.json'} is full")

    with pytest.raises(PodiumError, match=rf"^{tmp_path}/x.json is full$"):
        fail()
    assert contents(tmp_path) == OLD
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_folder_takes_the_place_of_another(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr("custom.file_sets._exchange", lambda one, other: False)
    for name in ("new", "old"):
        write_text(tmp_path / name / name, name)
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.rglob("*")] == ["old", "new"]
