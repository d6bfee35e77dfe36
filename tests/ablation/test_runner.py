from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from custom.ablation import read_plan, run_ablation
from custom.ablation import runner as runner_module
from custom.ablation.table import write_tables
from custom.errors import PodiumError
from custom.runs import read_run
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools.ablate import main

from .test_plan import write_plan

Trainer = Callable[[Sequence[str]], int]


class ToyTrainer:
    """Writes finished runs whose predictions depend on the seed, as tools/train.py would."""

    def __init__(self, data: Path, failing: str = "") -> None:
        self.data, self.failing = data, failing
        self.calls: list[list[str]] = []

    def __call__(self, arguments: Sequence[str]) -> int:
        self.calls.append(list(arguments))
        folder = Path(arguments[arguments.index("--work-dir") + 1])
        if self.failing and self.failing in folder.name:
            return 2
        assert Path(arguments[0]).is_file()
        fold = int(arguments[arguments.index("--fold") + 1]) if "--fold" in arguments else 0
        seed = int(arguments[arguments.index("--seed") + 1])
        make_toy_run(self.data, folder, seed + len(folder.name), fold, arguments[0])
        return 0


@pytest.fixture
def trainer(tmp_path: Path) -> ToyTrainer:
    make_toy_split(tmp_path / "data")
    return ToyTrainer(tmp_path / "data")


def test_all_runs_are_trained_once_and_gated(tmp_path: Path, trainer: ToyTrainer) -> None:
    plan = read_plan(write_plan(tmp_path))
    out = tmp_path / "runs" / "x"
    outcomes = run_ablation(plan, out, [42, 43], extra=["--amp"], trainer=trainer)
    assert [Path(call[4]).name for call in trainer.calls] == [
        f"{name}_seed{seed}" for seed in (42, 43) for name in ("baseline", "wide", "other")
    ]
    assert all(call[-1] == "--amp" for call in trainer.calls)
    assert [o.variant.name for o in outcomes] == ["baseline", "wide", "other"]
    assert outcomes[0].verdict is None
    for outcome in outcomes[1:]:
        assert outcome.verdict is not None
        assert outcome.verdict.comparisons == 2
        assert outcome.verdict.num_new == 2
        assert outcome.adjusted_p is not None
        assert outcome.adjusted_p >= outcome.verdict.p_value
        record = read_run(outcome.runs[0].folder).record
        assert record.verdict.decision == outcome.verdict.decision
    run_ablation(plan, out, [42, 43], trainer=trainer)
    assert len(trainer.calls) == 6


def test_it_goes_on_where_it_stopped(tmp_path: Path, trainer: ToyTrainer) -> None:
    plan = read_plan(write_plan(tmp_path))
    out = tmp_path / "runs" / "x"
    run_ablation(plan, out, [42], only=("wide",), trainer=trainer)
    (out / "other_seed42").mkdir()
    (out / "other_seed42" / "last.pth").write_bytes(b"")
    trainer.calls.clear()
    run_ablation(plan, out, [42], trainer=trainer)
    (call,) = trainer.calls
    assert call[:5] == [
        str(out / "configs" / "other.py"), "--seed", "42", "--work-dir", str(out / "other_seed42"),
    ]  # fmt: skip
    assert call[5:] == ["--resume"]


def test_a_failed_training_leaves_the_others(tmp_path: Path, trainer: ToyTrainer) -> None:
    trainer.failing = "wide_seed43"
    outcomes = run_ablation(
        read_plan(write_plan(tmp_path)), tmp_path / "x", [42, 43], trainer=trainer
    )
    assert [o.missing for o in outcomes] == [0, 1, 0]
    assert outcomes[1].verdict is None
    assert outcomes[2].verdict is not None
    table = write_tables(outcomes, tmp_path, "t")[0].read_text()
    (row,) = [line for line in table.splitlines() if line.startswith("| wide")]
    assert "incomplete" in row
    assert "1/2" in row


def test_a_changed_variant_is_refused(tmp_path: Path, trainer: ToyTrainer) -> None:
    run_ablation(read_plan(write_plan(tmp_path)), tmp_path / "x", [42], trainer=trainer)
    changed = Path(write_plan(tmp_path)).read_text().replace("width=2", "width=4")
    plan = read_plan(write_plan(tmp_path, changed))
    with pytest.raises(PodiumError, match="variant wide must be what its runs were made with"):
        run_ablation(plan, tmp_path / "x", [42], trainer=trainer)


def test_the_table_by_the_tool(
    tmp_path: Path,
    trainer: ToyTrainer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(runner_module, "_train_in_subprocess", trainer)
    out = tmp_path / "x"
    arguments = [str(write_plan(tmp_path)), "--seeds", "42", "--folds", "0", "1", "--out", str(out)]
    assert main([*arguments, "--", "--data-root", "d"]) == 0
    assert trainer.calls[0][-4:] == ["--fold", "0", "--data-root", "d"]
    printed = capsys.readouterr().out
    records = json.loads((out / "table.json").read_text())
    assert [r["variant"] for r in records] == ["baseline", "wide", "other"]
    assert len(records[1]["runs"]) == 2
    assert records[1]["verdict"]["overall"]["difference"] == pytest.approx(
        records[1]["verdict"]["overall"]["new"] - records[1]["verdict"]["overall"]["baseline"]
    )
    gains = {r["variant"]: r["verdict"]["overall"]["difference"] for r in records[1:]}
    best = max(gains, key=lambda name: gains[name])
    rows = [line.split(" | ")[0].strip("| ") for line in printed.splitlines() if line[:1] == "|"]
    assert rows[2:4] == ["baseline", best]


def test_training_is_the_real_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    done = subprocess.CompletedProcess([], 3)
    monkeypatch.setattr(runner_module.subprocess, "run", lambda c, check: (ran.append(c), done)[1])
    assert runner_module._train_in_subprocess(["x.py", "--seed", "1"]) == 3
    ((_, train, *arguments),) = ran
    assert Path(train) == Path(__file__).resolve().parents[2] / "tools" / "train.py"
    assert arguments == ["x.py", "--seed", "1"]
