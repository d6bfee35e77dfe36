"""Every record that a person may edit, with every value of it edited into something else.

Whatever the edit, the commands that read the record work or end with a `PodiumError`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from custom.competition import competition_of
from custom.ensemble import FusionConfig
from custom.ensemble.fusion import Fusion
from custom.ensemble.inputs import read_inputs
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe, load_recipe, write_recipe
from custom.errors import PodiumError
from custom.files import read_json
from custom.gate import GatePolicy
from custom.gate.runs import gate_runs, policy_of
from custom.labels import read_patches
from custom.labels.apply import apply_patches
from custom.labels.command import FindRequest, run_find
from custom.labels.oof import out_of_fold
from custom.leaderboard.command import add_submission, last_shares, report_text
from custom.pseudo_labels import pseudo_labels_for
from custom.pseudo_labels.command import Request, find_sources
from custom.pseudo_labels.provenance import unseen_folds
from custom.review.compute.proposals import image_records, page_records, read_proposals
from custom.review.inputs import Request as ReviewRequest
from custom.review.inputs import read_review
from custom.runs import KeptVerdict, PseudoLabels, Source, find_runs, read_run, update_record
from custom.runs.table import filter_rows, make_rows, records_of, sort_rows
from custom.runs.table_text import table_of
from custom.splits import read_split, select_part
from custom.splits.check import check_split
from custom.splits.external import read_external_folds
from custom.splits.split import manifest_hash
from custom.submission.command import check, context_of
from custom.submission.meta import read_meta
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools.ensemble import main as ensemble_main

WRONG = (None, True, -1, 1.5, "x", [1], {"a": 1}, 2**62, 2**63, 1e300)
ABSENT = object()


def edits(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield what was edited and the content with one value replaced or removed, one at a time."""
    for path in paths_of(content):
        for value in (*WRONG, ABSENT):
            edited = copy.deepcopy(content)
            owner = edited
            for key in path[:-1]:
                owner = owner[key]
            if value is ABSENT:
                del owner[path[-1]]
            else:
                owner[path[-1]] = value
            yield f"{'.'.join(map(str, path))} = {'absent' if value is ABSENT else value!r}", edited
    yield from ((f"all = {value!r}", value) for value in WRONG)


def paths_of(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value, of a list the first only."""
    entries = content.items() if isinstance(content, dict) else []
    if isinstance(content, list):
        entries = list(enumerate(content))[:1]
    for key, value in entries:
        yield (*path, key)
        yield from paths_of(value, (*path, key))


def survives(content: Any, write: Callable[[Any], object], *uses: Callable[[], object]) -> None:
    """Check that each use of each edited content works or ends with a `PodiumError`."""
    refused = total = 0
    for what, edited in edits(content):
        write(edited)
        total += 1
        for use in uses:
            try:
                use()
            except PodiumError:
                refused += 1
                break
            except Exception as error:
                raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    assert total > 30
    assert refused > total / 5
    write(content)
    for use in uses:
        use()


def put(path: str | Path, content: Any) -> None:
    """Write JSON without waiting for the disk, as `write_json` does thousands of times here."""
    Path(path).write_bytes(orjson.dumps(content))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split, two runs of fold 0 and an ensemble of them, in the current folder."""
    folder = tmp_path_factory.mktemp("edited")
    make_toy_split(folder / "data", num_images=12)
    for seed, name in enumerate("ab"):
        make_toy_run(folder / "data", folder / "runs" / name, seed)
    before = Path.cwd()
    os.chdir(folder)
    ensemble_main(["runs/a.json", "runs/b.json", "--name", "both"])
    os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def _in_folder(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy)


def show_table() -> None:
    rows = make_rows(find_runs(["runs/a", "runs/b"]), read_run("runs/b"), intervals=False)
    records_of(sort_rows(filter_rows(rows, ["value>0"]), "-seed"))
    table_of(rows)


def test_run_json(toy: Path) -> None:
    update_record(
        "runs/a",
        made_from=(Source("x.csv", "0"),),
        verdict=KeptVerdict("accept", ("a",), ("b",)),
        pseudo_labels=PseudoLabels((0,), "0"),
        thresholds={"can": 0.5},
        versions={"python": "3"},
        config_hash="0",
    )
    runs = ["runs/a", "runs/b"]
    policy = GatePolicy(num_resamples=100)
    survives(
        read_json("runs/a/run.json"),
        lambda content: put("runs/a/run.json", content),
        lambda: gate_runs(runs[:1], runs[1:], policy, record=False),
        lambda: policy_of(read_run("runs/a")),
        lambda: read_inputs([f"{run}.json" for run in runs]),
        show_table,
        lambda: out_of_fold(find_runs(runs)),
        lambda: unseen_folds(find_runs(runs)),
        lambda: competition_of(find_runs(runs)),
        lambda: check("runs/a.json", context_of("runs/a.json", format_name="coco"), "coco"),
        lambda: read_review(ReviewRequest(runs[:1])),
    )


def test_submission_meta(toy: Path) -> None:
    path = Path("submissions/both.meta.json")

    def add() -> None:
        Path("ledger.jsonl").unlink(missing_ok=True)
        add_submission("submissions/both.csv", 0.5, ledger="ledger.jsonl")

    survives(
        read_json(path),
        lambda content: put(path, content),
        lambda: read_meta("submissions/both.csv"),
        add,
        lambda: report_text("ledger.jsonl"),
        lambda: context_of("submissions/both.csv"),
        lambda: find_sources(Request("submissions/both.json", "", "", "", unjudged=True)),
    )


def test_recipe(toy: Path) -> None:
    inputs = read_inputs(["runs/a.json", "runs/b.json"])
    val = inputs.val
    configs = (FusionConfig(weights=(1, 0.5)),)
    search = {"repairs": {"clip": True}, "trials": 3}
    recipe = Recipe(configs, val.identities, val.split_hash, {"cross_validated": 0.5}, search)
    write_recipe("recipe.json", recipe)

    def replay() -> None:
        found = load_recipe("recipe.json")
        fusion = Fusion.of_recipe(found, val)
        Repairs().with_those_of(found)
        assert isinstance(found.cross_validated, float)
        fuse_recipe(fusion.by_file, list(inputs.models), inputs.images)

    survives(read_json("recipe.json"), lambda c: put("recipe.json", c), replay)


def test_suspects(toy: Path) -> None:
    run_find(FindRequest(runs=["runs/a", "runs/b"], out=Path("suspects.json")))
    gt = read_ground_truth("data/train.json")

    def page() -> None:
        proposals = read_proposals("suspects.json", gt)
        shown = page_records(gt, proposals.records)
        image_records(gt, {record["image"] for record in shown})

    survives(read_json("suspects.json"), lambda c: put("suspects.json", c), page)


def test_patch_line(toy: Path) -> None:
    gt = read_ground_truth("data/train.json")
    x1, y1, x2, y2 = gt.bboxes[0].tolist()
    line = {
        "image": gt.images.file_names[0],
        "edit": "move",
        "class": gt.categories.names[gt.labels[0]],
        "box": [x1, y1, x2 - x1, y2 - y1],
        "to": [1, 1, 9, 9],
        "author": "ann",
        "reason": "loose",
    }
    survives(
        line,
        lambda content: Path("p.jsonl").write_bytes(orjson.dumps(content)),
        lambda: read_patches(["p.jsonl"]),
        lambda: apply_patches("data/train.json", ["p.jsonl"], "clean.json", overwrite=True),
    )


def test_ledger_line_and_policy(toy: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    add_submission("submissions/both.csv", 0.5, ledger=ledger, note="first")
    categories = read_ground_truth("data/train.json").categories
    survives(
        json.loads(ledger.read_text()),
        lambda content: ledger.write_bytes(orjson.dumps(content) + b"\n"),
        lambda: report_text(ledger),
        lambda: last_shares(ledger, categories, "trash"),
    )
    survives(
        {"per_day": 10, "utc_offset_hours": 9, "x": 1, "y": 2} | {},
        lambda content: put(ledger.with_suffix(".policy.json"), _known_keys(content)),
        lambda: report_text(ledger),
    )


def _known_keys(content: Any) -> Any:
    """Return a policy without the keys that make it long enough to be edited often."""
    if not isinstance(content, dict):
        return content
    return {key: value for key, value in content.items() if key not in ("x", "y")}


def test_gate_policy() -> None:
    policy = {"smallest_gain": 0.01, "confidence": 0.9, "num_resamples": 200, "metric": "AP"}
    held: list[Any] = []
    survives(policy, lambda content: held.append(content), lambda: GatePolicy.from_dict(held[-1]))


def test_manifest_sealed_by_another_program(toy: Path) -> None:
    """The hashes are right, as another program would write them; the rest is not."""
    folder = Path("data/splits/toy")
    path, fold = folder / "manifest.json", folder / "fold0.json"
    kept = {each: each.read_bytes() for each in (path, fold)}
    images = read_ground_truth("data/train.json").images

    def reseal(content: Any) -> None:
        if isinstance(content, dict) and "hash" in content:
            content = {**content, "hash": manifest_hash(content)}
        put(path, content)

    def reseal_fold(content: Any) -> None:
        fold.write_bytes(orjson.dumps(content))
        manifest = json.loads(kept[path])
        manifest["files"][0]["sha256"] = hashlib.sha256(fold.read_bytes()).hexdigest()
        reseal(manifest)

    def use() -> None:
        split = read_split(folder)
        select_part(split, 0, "val", images)
        check_split(folder)

    try:
        survives(json.loads(kept[path]), reseal, use)
        survives(json.loads(kept[fold]), reseal_fold, use)
    finally:
        for each, content in kept.items():
            each.write_bytes(content)


def test_external_folds(toy: Path) -> None:
    images = read_ground_truth("data/train.json").images
    for content in ({"images": [{"id": 0}, {"id": 1}]}, {"ids": [0, 1], "by": "hand"}):
        survives(
            content,
            lambda edited: put("fold.json", edited),
            lambda: read_external_folds(["fold.json"], images),
        )


def test_pseudo_labels_in_annotations(toy: Path) -> None:
    told = {"name": "x", "unseen_folds": [0], "split_hash": "s", "unjudged": False}
    content = {**read_json("data/train.json"), "info": {"pseudo_labels": told}}
    for key in ("images", "annotations", "categories"):
        content[key] = content[key][:1]
    survives(
        content,
        lambda edited: put("pseudo.json", edited),
        lambda: pseudo_labels_for("pseudo.json", "s", 0),
        lambda: read_ground_truth("pseudo.json"),
    )
