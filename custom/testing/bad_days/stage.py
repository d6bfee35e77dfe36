"""A folder in which every command that needs no torch has something to do, and those commands."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from custom.files import read_json, write_json, write_text
from custom.testing.toy_runs import SIZE, make_toy_run, make_toy_split
from custom.testing.toy_splits import save_scene

_TRAIN, _TEST, _BOXES = "data/train.json", "data/test.json", "data/answers.json"
_SPLIT = tuple(f"data/splits/toy/{name}.json" for name in ("manifest", "fold0", "fold1", "fold2"))
_RUNS = tuple(f"runs/{run}{end}" for run in "ab" for end in ("/run.json", "/val.json", ".json"))
_BOTH = ("submissions/both.json", "submissions/both.csv", "submissions/both.meta.json")
_LEDGER = ("submissions/ledger.jsonl", "submissions/ledger.policy.json")
_PICTURES = ("data/train/0000.jpg", "data/train/0001.jpg")
_SUSPECTS = "reports/suspects.json"
_PATCH = "patches/p.jsonl"


@dataclass(frozen=True)
class Command:
    """A command line, what it reads and how it may end.

    Attributes:
        tool: The file of `tools/`.
        argv: Its arguments, in the folder that `make_stage` writes.
        reads: The files that decide what it does.
        codes: The exit codes besides 2, for bad input, that it is documented to have.
        changes: Files that it may change besides those that it writes anew.
        counts: Files whose boxes are all read, see `oracle`.
    """

    tool: str
    argv: tuple[str, ...]
    reads: tuple[str, ...] = ()
    codes: tuple[int, ...] = (0,)
    changes: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()

    def main(self) -> Callable[[Sequence[str] | None], int | None]:
        """Return the tool's `main`."""
        found: Callable[[Sequence[str] | None], int | None]
        found = importlib.import_module(f"tools.{self.tool}").main
        return found


COMMANDS: dict[str, Command] = {
    "ensemble": Command(
        "ensemble", ("runs/a.json", "runs/b.json", "--name", "x"), (*_RUNS, _TRAIN, _TEST, *_SPLIT),
        (0, 1), counts=("runs/a.json", "runs/b.json", "runs/a/val.json", "runs/b/val.json"),
    ),
    "ensemble-again": Command(
        "ensemble", ("runs/a.json", "runs/b.json", "--name", "both", "--iou-thr", "0.6",
        "--overwrite"), (*_RUNS, *_BOTH), (0, 1), _BOTH,
    ),
    "ensemble-csv": Command(
        "ensemble", ("submissions/both.csv", "mate.csv", "--ann", _BOXES, "--name", "x",
        "--report"), ("submissions/both.csv", "mate.csv", _BOXES), (0, 1),
        counts=("submissions/both.csv", "mate.csv", _BOXES),
    ),
    "ensemble-json": Command(
        "ensemble", ("runs/a.json", "elsewhere.json", "--images", _TEST, "--name", "x", "--dedupe"),
        ("runs/a.json", "runs/a/run.json", "elsewhere.json", _TEST), (0, 1),
        counts=("elsewhere.json",),
    ),
    "ensemble-recipe": Command(
        "ensemble", ("runs/a.json", "runs/b.json", "--recipe", "submissions/recipe.json", "--name",
        "x"), ("submissions/recipe.json", "runs/a/run.json"), (0, 1),
    ),
    "ensemble-search": Command(
        "ensemble", ("runs/a.json", "runs/b.json", "--search", "--trials", "3", "--recipe-out",
        "submissions/new.json", "--name", "x", "--storage", "submissions/new.trials"),
        ("runs/a.json", "runs/a/val.json", "runs/b/run.json"), (0, 1),
        changes=("submissions/new.trials",),
    ),
    "submit": Command(
        "submit", ("runs/a.json", "--out", "submissions/a.csv"), ("runs/a.json", "runs/a/run.json",
        _TEST, _TRAIN, *_LEDGER[:1]), (0, 1), counts=("runs/a.json",),
    ),
    "submit-again": Command(
        "submit", ("elsewhere.json", "--images", _TEST, "--out", "submissions/both.csv",
        "--overwrite"), ("elsewhere.json", _TEST), (0, 1), _BOTH, counts=("elsewhere.json",),
    ),
    "submit-check": Command(
        "submit", ("--check", "submissions/both.csv", "--images", _TEST, "--train", _TRAIN,
        "--like", "mate.csv"),
        ("submissions/both.csv", "mate.csv", "submissions/both.meta.json", _TEST),
        (0, 1), counts=("mate.csv",),
    ),
    "split": Command(
        "split", (_TRAIN, "--folds", "3", "--name", "new", "--workers", "1"),
        (_TRAIN, *_PICTURES), counts=(_TRAIN,),
    ),
    "split-plain": Command(
        "split", (_TRAIN, "--folds", "2", "--group-by", "(..).jpg", "--images", "data", "--no-dupl",
        "--name", "[red]"), (_TRAIN,), counts=(_TRAIN,),
    ),
    "split-external": Command(
        "split", (_TRAIN, "--from", "ids0.json", "ids1.json", "--no-dupl"),
        (_TRAIN, "ids0.json", "ids1.json"), counts=(_TRAIN,),
    ),
    "split-check": Command(
        "split", (_TRAIN, "--check", "data/splits/toy"), (_TRAIN, *_SPLIT), (0, 1),
    ),
    "import-run": Command(
        "import_run", ("new", "--val", "runs/a/val.json", "--test", "mate.csv", "--split",
        "data/splits/toy", "--fold", "0", "--format", "trash"),
        ("runs/a/val.json", "mate.csv", _TRAIN, _TEST, *_SPLIT),
        counts=("runs/a/val.json", "mate.csv"),
    ),
    "import-again": Command(
        "import_run", ("imported", "--val", "runs/b/val.json", "--test", "runs/b.json", "--split",
        "data/splits/toy", "--fold", "0", "--overwrite"), ("runs/b/val.json", "runs/b.json"),
        changes=("runs/imported/run.json", "runs/imported/val.json", "runs/imported.json"),
    ),
    "labels-find": Command(
        "labels", ("find", "--runs", "runs/a", "runs/b", "--patch", "new.jsonl", "--author", "me",
        "--out", "new.json"), (_TRAIN, "runs/a/run.json", "runs/b/val.json"),
        counts=("runs/b/val.json",),
    ),
    "labels-find-again": Command(
        "labels", ("find", "--predictions", "mate.csv", "--ann", _BOXES, "--author", "me",
        "--patch", _PATCH, "--overwrite"), ("mate.csv", _BOXES), changes=(_SUSPECTS, _PATCH),
        counts=("mate.csv", _BOXES),
    ),
    "labels-apply": Command(
        "labels", ("apply", _TRAIN, _PATCH, "--out", "new.json"), (_TRAIN, _PATCH),
    ),
    "labels-diff": Command(
        "labels", ("diff", _TRAIN, "edited.json", "--out", "new.jsonl", "--author", "me"),
        (_TRAIN, "edited.json"), counts=("edited.json",),
    ),
    "labels-repair": Command("labels", ("repair", "broken.json"), ("broken.json",), (0, 1)),
    "labels-repair-out": Command(
        "labels", ("repair", "broken.json", "--clip", "--renumber", "--areas", "--max-repaired",
        "1", "--out", "new.json"), ("broken.json",),
    ),
    "labels-score": Command(
        "labels", ("score", _TRAIN, "edited.json", "--runs", "runs/a"),
        (_TRAIN, "edited.json", "runs/a/val.json"), counts=("edited.json",),
    ),
    "pseudo-label": Command(
        "pseudo_label", ("--from", "runs/a.json", "--images", _TEST, "--train", _TRAIN, "--out",
        "new.json", "--precision", "0.1", "--min-support", "1"),
        ("runs/a.json", "runs/a/run.json", "runs/a/val.json", _TEST, _TRAIN),
        counts=("runs/a.json",),
    ),
    "leaderboard-add": Command(
        "leaderboard", ("add", "submissions/both.csv", "--public", "0.5", "--private", "0.4"),
        ("submissions/both.csv", "submissions/both.meta.json", *_LEDGER), changes=_LEDGER[:1],
    ),
    "leaderboard-report": Command("leaderboard", ("report",), _LEDGER),
    "gate": Command(
        "gate", ("runs/a", "--baseline", "runs/b"), ("runs/a/run.json", "runs/b/run.json",
        "runs/a/val.json", _TRAIN, *_SPLIT), (0, 1, 3), ("runs/a/run.json", "runs/b/run.json"),
        counts=("runs/a/val.json",),
    ),
    "gate-json": Command(
        "gate", ("runs/a", "--baseline", "runs/b", "--json", "--no-record"),
        ("runs/a/run.json", "runs/b/val.json"), (0, 1, 3), ("runs/a/run.json",),
        counts=("runs/b/val.json",),
    ),
    "review": Command(
        "review", ("runs/a", "runs/b", "--images", "data", "--suspects", _SUSPECTS),
        ("runs/a/run.json", "runs/b/val.json", _TRAIN, _SUSPECTS, *_PICTURES),
    ),
    "review-again": Command(
        "review", ("--predictions", "mate.csv", "--ann", _BOXES, "--images", "data", "--out",
        "reports/older"), ("mate.csv", _BOXES), changes=("reports/older/*",),
        counts=("mate.csv", _BOXES),
    ),
    "runs": Command(
        "runs", ("--json", "table.json", "--filter", "fold=0", "--sort=-AP", "--baseline",
        "runs/b"), ("runs/a/run.json", "runs/b/run.json", "runs/a/val.json"),
    ),
    "init": Command("init", ("my/configs",)),
    "make-sample": Command(
        "make_sample", ("sample", "--train", "2", "--test", "1", "--size", "64"),
    ),
}  # fmt: skip


def make_stage(folder: Path) -> Path:
    """Write the folder that all `COMMANDS` work in; the paths in its records are relative."""
    folder.mkdir(parents=True, exist_ok=True)
    with working_in(folder), contextlib.redirect_stdout(io.StringIO()):
        make_toy_split(Path("data"), num_images=18)
        for index in range(18):
            save_scene(Path(f"data/train/{index:04d}.jpg"), index, SIZE)
        for seed, name in enumerate("ab"):
            make_toy_run(Path("data"), Path("runs") / name, seed)
        _make_files()
        for lock in Path().rglob(".*.lock"):
            lock.unlink()
    return folder


def _make_files() -> None:
    """Write what the commands read besides data and runs, with the commands themselves."""
    write_json("elsewhere.json", read_json("runs/b.json"))
    boxes = read_json("data/test_boxes.json")
    write_json(_BOXES, {**boxes, "images": read_json(_TEST)["images"]})
    for fold in range(2):
        write_json(f"ids{fold}.json", list(range(9 * fold, 9 * fold + 9)))
    edited, broken = read_json(_TRAIN), read_json(_TRAIN)
    edited["annotations"][0]["bbox"][0] += 5
    del edited["annotations"][-1]
    write_json("edited.json", edited)
    broken["annotations"][0]["bbox"][2] += SIZE
    broken["annotations"][1]["id"] = 0
    broken["annotations"][2]["area"] = None
    write_json("broken.json", broken)
    runs = ("runs/a.json", "runs/b.json")
    for tool, *argv in (
        ("ensemble", *runs, "--name", "both", "--search", "--trials", "2"),
        ("submit", "elsewhere.json", "--images", _TEST, "--out", "mate.csv"),
        ("labels", "find", "--runs", "runs/a", "--patch", _PATCH, "--author", "me", "--top", "5"),
        ("leaderboard", "add", "mate.csv", "--public", "0.4", "--val", "0.45", "--note", "first"),
        ("import_run", "imported", "--val", "runs/a/val.json", "--test", "runs/a.json", "--split",
         "data/splits/toy", "--fold", "0"),
        ("review", "runs/a", "--images", "data", "--out", "reports/older"),
    ):  # fmt: skip
        Command(tool, tuple(argv)).main()(argv)
    write_json(_LEDGER[1], {"per_day": 10, "utc_offset_hours": 9})
    write_text("notes.txt", "what nobody may touch\n")


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make a folder the working directory for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
