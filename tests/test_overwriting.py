"""No command writes over what it reads, or over what it did not write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.testing.bad_days.cases import options_of
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.stage import Command, make_stage, working_in


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stage(tmp_path_factory.mktemp("stage") / "stage")


TRAIN = "data/train.json"
REFUSED = {
    "split, report over the annotations": ("split", f"{TRAIN} --name n --report {TRAIN}"),
    "split, report over notes": ("split", f"{TRAIN} --name n --report notes.txt"),
    "split, name outside": ("split", f"{TRAIN} --name ../../n"),
    "split, absolute name": ("split", f"{TRAIN} --name /tmp/n"),
    "runs, table over a record": ("runs", "--json runs/a/run.json"),
    "runs, table over annotations": ("runs", f"--json {TRAIN}"),
    "make_sample, sheet over notes": ("make_sample", "new --contact-sheet notes.txt"),
    "make_sample, sheet over a picture": (
        "make_sample", "new --train 1 --test 1 --contact-sheet data/train/0000.jpg",
    ),
    "make_sample among pictures": ("make_sample", "pictures --train 1 --test 1 --size 64"),
    "review over a folder with notes": (
        "review", "runs/a --images data --out reports/older", "reports/older/decided.jsonl",
    ),
    "review over pictures": ("review", "runs/a --images data --out data"),
    "import_run, name outside": (
        "import_run", "../n --val runs/a/val.json --split data/splits/toy --fold 0",
    ),
    "ensemble, storage is the recipe": (
        "ensemble", "runs/a.json runs/b.json --search --trials 2 --recipe-out new.trials",
    ),
    "ensemble, recipe over the annotations": (
        "ensemble", f"runs/a.json runs/b.json --search --trials 2 --recipe-out {TRAIN}",
    ),
    "ensemble, storage over a record": (
        "ensemble", "runs/a.json runs/b.json --search --recipe-out n --storage runs/a/run.json",
    ),
    "submit over another submission": ("submit", "runs/a.json --out submissions/both.csv"),
    "submit over its input": ("submit", "runs/a.json --format coco --out runs/a.json"),
    "labels find over annotations": ("labels", f"find --runs runs/a --out {TRAIN}"),
    "labels apply in place": ("labels", f"apply {TRAIN} patches/p.jsonl --out {TRAIN}"),
    "labels repair in place": ("labels", "repair broken.json --clip --out broken.json"),
    "labels diff over decisions": ("labels", f"diff {TRAIN} edited.json --out patches/p.jsonl"),
    "pseudo_label over the images' list": (
        "pseudo_label",
        f"--from runs/a.json --images data/test.json --train {TRAIN} --out data/test.json",
    ),
    "leaderboard into a record": ("leaderboard", "--ledger runs/a/run.json add mate.csv"),
    "init over a folder": ("init", "data"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused_and_left_as_it_was(case, stage, tmp_path):
    tool, words, *more = case
    copy = StageCopy(stage, tmp_path / "copy")
    shutil.copytree(copy.place / "data/train", copy.place / "pictures/train")
    for name in more:
        (copy.place / name).write_text("what a person decided\n")
    before = copy.digests()
    with working_in(copy.place), pytest.raises(PodiumError):
        Command(tool, ()).main()(words.split())
    after = {path: d for path, d in copy.digests().items() if not path.endswith(".lock")}
    assert after == before


def test_every_command_that_writes_a_named_file_is_here():
    """A new option that names an output must come with a line above."""
    outputs = {"--out", "--json", "--report", "--contact-sheet", "--recipe-out", "--storage"}
    written = {}
    for tool in ("split", "runs", "make_sample", "ensemble", "submit", "pseudo_label", "review"):
        for option in outputs.intersection(options_of(Command(tool, ()))):
            if (tool, option) not in {("ensemble", "--report"), ("gate", "--json")}:
                written[tool, option] = any(
                    t == tool and (option in words or option == "--out")
                    for t, words, *_ in REFUSED.values()
                )
    assert len(written) >= 9
    assert all(written.values()), written
