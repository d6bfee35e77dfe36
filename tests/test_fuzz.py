"""Cases of `benchmarks/fuzz.py`, always the same ones, and that it sees what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.testing.bad_days import stage as stage_module
from custom.testing.bad_days.cases import Case, Finding, case_of, described, run_case
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.stage import COMMANDS, Command, make_stage

SEED, NUM_CASES = 11, 60


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> StageCopy:
    root = tmp_path_factory.mktemp("fuzz")
    return StageCopy(make_stage(root / "stage"), root / "case")


def test_commands_end_as_they_should(copy: StageCopy) -> None:
    found = []
    for number in range(NUM_CASES):
        case = case_of(SEED, number, tuple(COMMANDS))
        found += [described(finding, case) for finding in run_case(case, copy)]
    assert not found, "\n".join(found)


def broken(monkeypatch: pytest.MonkeyPatch, copy: StageCopy, code: str) -> list[str]:
    """Return the kinds of findings of a command whose tool does this."""
    command = Command("runs", ("mate.csv",), counts=("mate.csv",))
    space: dict = {}
    exec(f"from pathlib import Path\ndef main(argv):\n    {code}", space)
    monkeypatch.setattr(Command, "main", lambda self: space["main"])
    monkeypatch.setitem(stage_module.COMMANDS, "broken", command)
    found: list[Finding] = run_case(Case(0, 0, "broken", kept=()), copy)
    return [each.kind.removeprefix("runs: ") for each in found]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param("raise KeyError('x')", "traceback KeyError in ?", id="traceback"),
        pytest.param("print('x'); return 7", "exit code 7", id="exit code"),
        pytest.param("return 0", "no message", id="says nothing"),
        pytest.param("print('x' * 60000)", "too long a message", id="says too much"),
        pytest.param("print('x'); Path('notes.txt').write_text('x')", "changed what was there",
                     id="changes"),
        pytest.param("print('x'); Path('notes.txt').unlink()", "removed what was there",
                     id="removes"),
        pytest.param("print('x'); Path('../y').write_text('x')", "wrote outside of its folder",
                     id="outside"),
        pytest.param("print('x'); Path('.y.12345678.tmp').write_text('x')",
                     "left a temporary file", id="left"),
        pytest.param("print('x'); Path('y').write_text('x'); return 2",
                     "wrote although it refused", id="half-written"),
        pytest.param(
            "from custom.submission import read_submission as r; t = r('mate.csv'); "
            "t.keep(t.scores > 9); print('x')", "", id="all read"),
        pytest.param(
            "from custom.tables import Predictions as P; "
            "P([0], [0, 1], [[0, 0, 1, 1]], [0.5], [0], 'mate.csv'); print('x')",
            "silent change", id="boxes lost"),
        pytest.param("print('x')", "", id="nothing wrong"),
    ],
)  # fmt: skip
def test_each_kind_is_seen(
    code: str, kind: str, copy: StageCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken(monkeypatch, copy, code) == ([kind] if kind else [])


def test_a_hang_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from custom.testing.bad_days import campaign

    worker = campaign.Worker(make_stage(tmp_path / "stage"), tmp_path, limit_s=0.0)
    (found,) = worker.run(Case(0, 0, "init", kept=()))
    assert found.kind == "init: no end after 0 s"
    assert worker._process is None
