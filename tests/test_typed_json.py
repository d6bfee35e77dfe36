from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from custom.errors import PodiumError
from custom.typed_json import from_json, read_line, read_record, to_json


@dataclass(frozen=True)
class Inner:
    hash: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outer:
    name: str
    kind: Literal["a", "b"]
    category: str = field(metadata={"key": "class"})
    seed: int | None = None
    score: float = 0.0
    flag: bool = False
    box: tuple[float, float] | str | None = None
    names: tuple[str, ...] = ()
    data: Mapping[str, Inner] = field(default_factory=dict)
    anything: Any = None

    def __post_init__(self) -> None:
        if self.score > 1:
            raise PodiumError(f"score must be at most 1, but is {self.score}")


GOOD = {"name": "x", "kind": "a", "class": "can"}


def test_values_are_typed_and_come_back() -> None:
    content = {
        **GOOD,
        "seed": 3,
        "score": 1,
        "flag": True,
        "box": [1, 2.5],
        "names": ["p", "q"],
        "data": {"val": {"hash": "f", "later": [1]}},
        "anything": {"a": None},
    }
    record = from_json(Outer, content, "r.json")
    assert record == Outer(
        "x", "a", "can", 3, 1.0, True, (1.0, 2.5), ("p", "q"),
        {"val": Inner("f", {"later": [1]})}, {"a": None},
    )  # fmt: skip
    assert type(record.score) is float
    assert to_json(record) == content
    assert to_json(from_json(Outer, GOOD, "r.json")) == {**GOOD, "score": 0.0, "flag": False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, "name must be a text, but is 1"),
        ({"name": None}, "name must be a text, but is None"),
        ({"kind": "c"}, "kind must be one of 'a', 'b', but is 'c'"),
        ({"class": []}, r"class must be a text, but is \[\]"),
        ({"seed": True}, "seed must be an integer or null, but is True"),
        ({"seed": 1.0}, r"seed must be an integer or null, but is 1\.0"),
        ({"score": False}, "score must be a number, but is False"),
        ({"score": "0.5"}, "score must be a number, but is '0.5'"),
        ({"score": 2}, r"score must be at most 1, but is 2\.0"),
        ({"flag": 0}, "flag must be true or false, but is 0"),
        ({"box": [1]}, r"box must be a list of 2 or a text or null, but is \[1\]"),
        ({"box": [1, "2"]}, r"box\[1\] must be a number, but is '2'"),
        ({"names": "pq"}, "names must be a list, but is 'pq'"),
        ({"names": ["p", None]}, r"names\[1\] must be a text"),
        ({"data": [1]}, "data must be an object"),
        ({"data": {"val": 3}}, r"data\.val must be an object, but is 3"),
        ({"data": {"val": {"hash": 3}}}, r"data\.val\.hash must be a text, but is 3"),
        ({"data": {"val": {}}}, r"data\.val must have the key 'hash'; was it cut short"),
        ({"nmae": "x"}, r"nmae is unknown; the keys are name, kind, class, seed,"),
    ],
)
def test_wrong_values_are_named_by_file_and_key(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PodiumError, match=rf"^r\.json: {message}"):
        from_json(Outer, {**GOOD, **change}, "r.json")


@pytest.mark.parametrize("content", [None, [], 3, "x", [GOOD]])
def test_what_is_no_object_is_refused(content: Any) -> None:
    with pytest.raises(PodiumError, match=r"^r\.json must be an object, but is"):
        from_json(Outer, content, "r.json")


def test_files_and_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"name": "x"}')
    with pytest.raises(PodiumError, match=r"r\.json must have the key 'kind'"):
        read_record(path, Outer)
    with pytest.raises(PodiumError, match=r"^l\.jsonl:3 must be a line of JSON, but is not"):
        read_line(b'{"name"', Outer, "l.jsonl:3")
    assert read_line(b'{"name":"x","kind":"b","class":""}', Outer, "l.jsonl:3").kind == "b"
