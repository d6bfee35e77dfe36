from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.labels import Edit, read_patches, write_patch

BOX = (10.0, 20.0, 30.0, 40.0)
RELABEL = Edit("train/1.jpg", "relabel", "Paper", BOX, "Metal", "ann", "crushed can")
EDITS = [
    RELABEL,
    Edit("train/1.jpg", "add", "Glass", (1.0, 2.0, 3.0, 4.5), None, "ann", ""),
    Edit("train/0.jpg", "move", "Paper", BOX, (11.5, 20.0, 30.0, 40.0), "ann", "loose"),
    Edit("train/2.jpg", "remove", "Paper", BOX, None, "ann", "a shadow, 'not' a \"box\""),
]


def test_what_is_written_is_read_back_sorted_and_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_patch(path, [*EDITS, EDITS[0]])
    assert sorted(read_patches([path]), key=str) == sorted(EDITS, key=str)
    lines = path.read_text().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == 4
    again = tmp_path / "b.jsonl"
    write_patch(again, reversed(EDITS))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"edit": "paint"},
            "edit must be one of .*, but is 'paint'",
            id="edit",
        ),
        pytest.param({"image": None}, "image must be a text, but is None", id="image"),
        pytest.param({"class": 3}, "class must be a text, but is 3", id="class"),
        pytest.param({"box": [1, 2, 3]}, "box must be a list of 4, but is", id="three"),
        pytest.param({"box": [1, 2, 0, 4]}, "a box must be .* with an area", id="no area"),
        pytest.param({"box": [1, 2, "3", 4]}, r"box\[2\] must be a number", id="text"),
        pytest.param({"box": [1, 2, True, 4]}, r"box\[2\] must be a number", id="true"),
        pytest.param({"edit": ["move"]}, "edit must be one of", id="list"),
        pytest.param({"to": 3}, "to must be a text or a list of 4 or null, but is 3", id="number"),
        pytest.param({"to": None}, "`to` of 'relabel' does not fit", id="no to"),
        pytest.param({"to": [1, 2, 3, 4]}, "`to` of 'relabel' does not fit", id="another to"),
        pytest.param({"edit": "remove"}, "`to` of 'remove' does not fit", id="too much"),
    ],
)
def test_a_bad_line_is_named(change: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    good = json.loads(RELABEL.line())
    path.write_text("\n" + json.dumps({**good, **change}) + "\n")
    with pytest.raises(PodiumError, match=rf"p\.jsonl:2: .*{message}"):
        read_patches([path])


def test_a_line_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("{\n")
    with pytest.raises(PodiumError, match=r"p\.jsonl:1 must be a line of JSON, but is not"):
        read_patches([path])


CONFLICTS = [
    pytest.param(replace(RELABEL, to="Glass"), id="two classes"),
    pytest.param(Edit("train/1.jpg", "remove", "Paper", BOX), id="removed"),
    pytest.param(
        Edit("train/1.jpg", "move", "Paper", (10.6, 20.0, 30.0, 40.0), (1.0, 1.0, 9.0, 9.0)),
        id="within rounding",
    ),
]


@pytest.mark.parametrize("other", CONFLICTS)
def test_two_wishes_for_one_box_are_named(other: Edit, tmp_path: Path) -> None:
    paths = [tmp_path / "ann.jsonl", tmp_path / "bob.jsonl"]
    for path, edit in zip(paths, (RELABEL, replace(other, author="bob")), strict=True):
        write_patch(path, [edit])
    with pytest.raises(PodiumError, match=r"ann\.jsonl:1 and bob\.jsonl:1 must agree .* bob"):
        read_patches(paths)


def test_one_object_added_by_two_people_is_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    added = Edit("train/1.jpg", "add", "Glass", (10.0, 10.0, 100.0, 100.0), None, "ann")
    write_patch(path, [added, replace(added, box=(13.0, 13.0, 100.0, 100.0), author="bob")])
    with pytest.raises(PodiumError, match="must agree on one box"):
        read_patches([path])
    write_patch(path, [added, replace(added, box=(60.0, 60.0, 100.0, 100.0), author="bob")])
    assert len(read_patches([path])) == 2


def test_the_same_wish_of_two_people_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    write_patch(path, [RELABEL, replace(RELABEL, author="bob", reason="metal")])
    assert len(read_patches([path])) == 1


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_two_branches_merge_line_by_line(tmp_path: Path) -> None:
    """With the `merge=union` of the project's .gitattributes."""
    attributes = Path(__file__).parents[2] / ".gitattributes"
    (tmp_path / ".gitattributes").write_text(attributes.read_text())
    path = tmp_path / "data" / "trash" / "patches" / "labels.jsonl"
    git(tmp_path, "init", "-q", "-b", "main")
    write_patch(path, EDITS[:1])
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "checkout", "-qb", "other")
    write_patch(path, [EDITS[0], EDITS[2]])
    git(tmp_path, "commit", "-qam", "two")
    git(tmp_path, "checkout", "-q", "main")
    write_patch(path, [EDITS[0], EDITS[1], EDITS[3]])
    git(tmp_path, "commit", "-qam", "three")
    git(tmp_path, "merge", "-q", "other")
    assert sorted(read_patches([path]), key=str) == sorted(EDITS, key=str)


def test_markers_that_git_left_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"<<<<<<< HEAD\n" + RELABEL.line() + b"\n=======\n>>>>>>> other\n")
    with pytest.raises(PodiumError, match=r"p\.jsonl:1: two people edited the same lines"):
        read_patches([path])
