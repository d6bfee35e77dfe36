"""tools/ensemble.py from runs and from files to a submission that reads back."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.inputs import read_inputs
from custom.ensemble.recipe import load_recipe
from custom.ensemble.search.auto import Candidate, Choices
from custom.errors import PodiumError
from custom.evaluation import METRICS, rank_changes, score
from custom.runs import update_record
from custom.submission import read_submission, write_submission
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth, read_results
from custom.testing.toy_runs import jittered, make_toy_run, make_toy_split
from tools.ensemble import EXIT_NO_GAIN, main
from tools.submit import main as submit_main


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    make_toy_split(tmp_path / "data")
    return [
        str(make_toy_run(tmp_path / "data", tmp_path / "runs" / name, seed, config=f"{name}.py"))
        for name, seed in (("a", 1), ("b", 2), ("c", 3))
    ]


def test_the_submission_reads_back(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*runs, "--out", str(tmp_path / "sub"), "--name", "x"]) == 0
    test = read_ground_truth(tmp_path / "data" / "test.json")
    from_json = read_results(tmp_path / "sub" / "x.json", test.images, test.categories)
    from_csv = read_submission(tmp_path / "sub" / "x.csv", "trash", test.images, test.categories)
    np.testing.assert_allclose(from_csv.bboxes, from_json.bboxes, atol=1e-3)
    assert from_json.num_boxes > 0
    meta = json.loads((tmp_path / "sub" / "x.meta.json").read_text())
    assert meta["runs"] == ["a", "b", "c"]
    assert set(meta["val"]["singles"]) == {"a", "b", "c"}
    printed = capsys.readouterr().out
    assert f"ENSEMBLE  {meta['val']['value']:.4f}" in printed


def test_the_report_says_what_low_scores_are_worth_and_what_moved(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "sub")]
    main([*runs, *out, "--skip-box-thr", "0", "--report"])
    lines = capsys.readouterr().out.splitlines()
    inputs = read_inputs(runs)
    assert inputs.val is not None
    gt, models = inputs.val.gt, inputs.val.models
    fused = fuse(models, gt.images, FusionConfig(skip_box_thr=0.0))
    (row,) = [line for line in lines if line.startswith("of score 0.6 or more")]
    left = fused.keep(fused.scores >= 0.6)
    value, cost = score(gt, left).value, score(gt, fused).value - score(gt, left).value
    assert 0 < left.num_boxes < fused.num_boxes
    assert row.split()[-3:] == [f"{left.num_boxes}", f"{value:.4f}", f"{cost:.4f}"]
    assert any(line.startswith("the best 1 an image") for line in lines)
    best = max(models, key=lambda model: score(gt, model).value)
    changes = rank_changes(gt, best, fused)
    entered = sum(change.entered for change in changes)
    assert any(line.endswith(f"{sum(c.left for c in changes)} went out") for line in lines)
    assert any(f"fused; {entered} came in" in line for line in lines)
    table = lines[next(k for k, x in enumerate(lines) if x.split()[:2] == ["class", "top"]) + 1 :]
    assert [line.split()[0] for line in table[: len(changes)]] == [c.name for c in changes]


def test_the_number_is_checked_against_pycocotools(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(matches: object, weights: object) -> np.ndarray:
        return np.full(len(matches.categories), 0.5)  # type: ignore[attr-defined]

    monkeypatch.setitem(METRICS, "AP50", replace(METRICS["AP50"], per_class=wrong))
    with pytest.raises(PodiumError, match="must equal pycocotools"):
        main([*runs, "--out", str(tmp_path / "sub")])
    assert not (tmp_path / "sub").exists()


def test_the_same_command_writes_the_same_files(runs: list[str], tmp_path: Path) -> None:
    out = tmp_path / "sub"
    main([*runs, "--out", str(out)])
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    main([*runs, "--out", str(out)])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    main([*runs, "--out", str(out), "--method", "nms"])
    # The automatic choice leaves a recipe too.
    assert len(list(out.iterdir())) == 2 * len(first) - 1


def test_a_name_is_not_taken_twice(runs: list[str], tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "sub"), "--name", "x"]
    main([*runs, *out])
    with pytest.raises(PodiumError, match=r"x\.json must be free or of an earlier run of the same"):
        main([*runs, *out, "--method", "nms"])
    assert main([*runs, *out, "--method", "nms", "--overwrite"]) == 0


def test_strict_fails_where_fusing_is_no_gain(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sub"
    assert main([runs[0], "--out", str(out), "--strict"]) == EXIT_NO_GAIN
    assert "nothing written: --strict asks for a significant gain" in capsys.readouterr().out
    assert main([*runs, "--out", str(out), "--strict", "--method", "wbf"]) == EXIT_NO_GAIN
    (line,) = [x for x in capsys.readouterr().out.splitlines() if "inconclusive" in x]
    assert line.startswith("WARNING: the ensemble is +")
    assert not out.exists()


def test_a_full_disk_leaves_no_part_of_a_submission(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise PodiumError("cannot write x.meta.json: No space left on device")

    monkeypatch.setattr("custom.ensemble.submit.write_meta", no_room)
    with pytest.raises(PodiumError, match="No space left"):
        main([*runs, "--out", str(tmp_path / "sub")])
    assert list((tmp_path / "sub").iterdir()) == []


def test_bad_files_are_named(runs: list[str], tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"runs/a\.json is named twice"):
        main([*runs, str(tmp_path / "runs" / ".." / "runs" / "a.json")])
    val = tmp_path / "runs" / "a" / "val.json"
    results = json.loads(val.read_text())
    results[0]["bbox"] = [90, 90, 30, 30]
    val.write_text(json.dumps(results))
    with pytest.raises(PodiumError, match=r"a/val\.json: image .* must lie in its image"):
        main([*runs, "--out", str(tmp_path / "sub")])
    assert not (tmp_path / "sub").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--weights", "1", "2"], r"one entry per model \(3\)", id="weights"),
        pytest.param(["--iou-thr", "2"], "iou_thr must be between 0 and 1", id="iou"),
        pytest.param(["--format", "none"], "none", id="format"),
    ],
)
def test_bad_options_write_nothing(
    runs: list[str], tmp_path: Path, options: list[str], message: str
) -> None:
    with pytest.raises(PodiumError, match=message):
        main([*runs, "--out", str(tmp_path / "sub"), *options])
    assert not (tmp_path / "sub").exists()


def test_a_recipe_is_searched_replayed_and_bound_to_its_models(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, out = tmp_path / "recipe.json", ["--out", str(tmp_path / "sub")]
    search = ["--search", "--trials", "12", "--recipe-out", str(recipe)]
    assert main([*runs, *search, *out, "--name", "found"]) == 0
    printed = capsys.readouterr().out
    assert "found by the search" in printed
    content = json.loads(recipe.read_text())
    assert content["scores"]["in_sample"] >= max(content["scores"]["singles"].values())
    assert main([*runs, "--recipe", str(recipe), *out, "--name", "again"]) == 0
    found, again = ((tmp_path / "sub" / f"{n}.csv").read_bytes() for n in ("found", "again"))
    assert found == again
    trials = recipe.with_suffix(".trials")
    num_trials = trials.read_text().count('"state":')
    main([*runs, *search, *out, "--name", "found"])  # as after a kill: on to the same end
    assert trials.read_text().count('"state":') == num_trials > 12
    assert json.loads(recipe.read_text()) == content
    with pytest.raises(
        PodiumError, match=r"recipe.json must be free or of an earlier .* --recipe-out"
    ):
        main([*runs, *search, *out, "--per-class"])
    with pytest.raises(PodiumError, match="lacks c"):
        main([*runs[:2], "--recipe", str(recipe), *out])
    update_record(Path(runs[0]).with_suffix(""), checkpoint_hash="1" * 64)
    with pytest.raises(PodiumError, match="a must be the model that the recipe"):
        main([*runs, "--recipe", str(recipe), *out])


def test_a_recipe_repeats_the_repairs_of_its_search(runs: list[str], tmp_path: Path) -> None:
    for path in (Path(runs[0]), Path(runs[0]).with_suffix("") / "val.json"):
        boxes = json.loads(path.read_text())
        path.write_text(json.dumps(boxes + [{**box, "score": box["score"] / 2} for box in boxes]))
    recipe, out = tmp_path / "recipe.json", ["--out", str(tmp_path / "sub")]
    search = ["--search", "--trials", "8", "--recipe-out", str(recipe), "--dedupe"]
    main([*runs, *search, *out, "--name", "found"])
    main([*runs, "--recipe", str(recipe), *out, "--name", "again"])
    found, again = ((tmp_path / "sub" / f"{n}.csv").read_bytes() for n in ("found", "again"))
    assert found == again
    meta = json.loads((tmp_path / "sub" / "again.meta.json").read_text())
    assert meta["recipe"]["dedupe"]


def test_duplicates_are_named_and_removed_on_request(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    val = Path(runs[0]).with_suffix("") / "val.json"
    boxes = json.loads(val.read_text())
    val.write_text(json.dumps(boxes + [{**box, "score": box["score"] / 2} for box in boxes]))
    main([*runs, "--out", str(tmp_path / "sub")])
    assert "does not suppress its own duplicates: 50%" in capsys.readouterr().out
    main([*runs, "--out", str(tmp_path / "sub"), "--dedupe"])
    assert "does not suppress" not in capsys.readouterr().out


def test_weights_lift_no_score_above_one_unless_raw_scores_are_asked_for(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A heavy model that repeats its boxes: WBF makes 0.9 * 5 * 2 / (5 + 1 + 1) of two of 0.9, and
    # the greatest that these weights can give is 5 * 3 / (5 + 1 + 1).
    boxes = [{**box, "score": 0.9} for box in json.loads(Path(runs[0]).read_text())]
    for run, content in zip(runs, (boxes + boxes, [], []), strict=True):
        Path(run).write_text(json.dumps(content))
    weighted = [*runs, "--out", str(tmp_path / "sub"), "--weights", "5", "1", "1"]
    assert main([*weighted, "--name", "rescaled"]) == 0
    assert "scores were divided by 2.14" in capsys.readouterr().out
    assert main([*weighted, "--name", "raw", "--raw-scores"]) == 0
    assert "boxes score above 1, up to 1.28571" in capsys.readouterr().out
    rescaled, raw = (
        max(box["score"] for box in json.loads((tmp_path / "sub" / f"{name}.json").read_text()))
        for name in ("rescaled", "raw")
    )
    assert (rescaled, raw) == pytest.approx((0.9 * 5 * 2 / 15, 0.9 * 5 * 2 / 7))
    check_raw_scores_of(tmp_path / "sub" / "raw.csv", capsys)


def check_raw_scores_of(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Its record says that they are meant; without it nothing does.
    assert submit_main(["--check", str(written)]) == 0
    assert "boxes score above 1, up to 1.28571" in capsys.readouterr().out
    exported = written.with_name("exported.csv")
    assert submit_main([str(written), "--out", str(exported)]) == 0
    assert submit_main(["--check", str(exported)]) == 0
    exported.with_suffix(".meta.json").unlink()
    capsys.readouterr()
    assert submit_main(["--check", str(exported)]) == 1
    assert "score must be in [0, 1]" in capsys.readouterr().out


def test_a_recipe_is_used_on_test_files_by_name_or_by_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, test = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    search = ["--ann", "data/train.json", "--search", "--trials", "8", "--recipe-out", "r.json"]
    main([*val, *search, "--per-class", "--name", "val"])
    listing = ["--images", "data/test.json", "--recipe", "r.json"]
    assert main([*test[::-1], *listing, "--name", "by_name"]) == 0
    assert "cannot be checked: b is b, a is a" in capsys.readouterr().out
    renamed = [
        str(Path(path).rename(Path(path).with_name(f"x_{Path(path).name}"))) for path in test
    ]
    with pytest.raises(PodiumError, match=r"names of the recipe's models \(a, b\).* --by-order"):
        main([*renamed, *listing, "--name", "refused"])
    with pytest.raises(PodiumError, match="but there are 1 files"):
        main([*renamed[:1], *listing, "--by-order", "--name", "refused"])
    assert main([*renamed, *listing, "--by-order", "--name", "by_order"]) == 0
    assert "x_a is a, x_b is b" in capsys.readouterr().out
    assert main([*renamed[::-1], *listing, "--by-order", "--name", "swapped"]) == 0
    by_name, by_order = (Path(f"submissions/{n}.csv").read_bytes() for n in ("by_name", "by_order"))
    # Fusing is the same up to the order of equal boxes: the same numbers of boxes of each image.
    assert sorted(by_name.split()) == sorted(by_order.split())
    assert not Path("submissions/refused.csv").exists()


def test_files_are_scored_on_others_of_the_same_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, test = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    listing = ["--ann", "data/train.json", "--images", "data/test.json", "--name", "x"]
    with pytest.raises(PodiumError, match=r"test.json must list the images of .*train.json too"):
        main([*test, *listing])
    with pytest.raises(PodiumError, match="--val must name one file for each of the 2 files"):
        main([*test, *listing, "--val", val[0]])
    assert main([*test, *listing, "--val", *val, "--method", "wbf"]) == 0
    printed = capsys.readouterr().out
    expected = read_ground_truth("data/test.json")
    found = read_submission("submissions/x.csv", "trash", expected.images, expected.categories)
    assert found.num_images == len(expected.images)
    gt = read_ground_truth("data/train.json")
    models = [read_submission(path, "trash", gt.images, gt.categories) for path in val]
    value = score(gt, fuse(models, gt.images, FusionConfig())).value
    assert f"ENSEMBLE  {value:.4f}" in printed


def test_labelled_images_may_be_some_of_those_that_are_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, _ = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    content = json.loads(Path("data/train.json").read_text())
    some = content["images"][::2]
    ids = {image["id"]: 900 + k for k, image in enumerate(some)}  # another numbering
    boxes = [b for b in content["annotations"] if b["image_id"] in ids]
    labelled = {
        **content,
        "images": [{**image, "id": ids[image["id"]]} for image in some],
        "annotations": [{**box, "image_id": ids[box["image_id"]]} for box in boxes],
    }
    Path("some.json").write_text(json.dumps(labelled))
    assert main([*val, "--ann", "some.json", "--images", "data/train.json", "--name", "x"]) == 0
    gt = read_ground_truth("data/train.json")
    found = read_submission("submissions/x.csv", "trash", gt.images, gt.categories)
    assert found.num_images == len(gt.images)
    value = score(gt.take(np.arange(0, len(gt.images), 2)), found).value
    assert f"ENSEMBLE  {value:.4f}" in capsys.readouterr().out


def files_without_runs(folder: Path) -> tuple[list[str], list[str]]:
    """Write two models' CSV files on the train and on the test images; return both, by model."""
    make_toy_split(folder / "data")
    written: dict[str, list[str]] = {}
    for part, boxes in (("train", "train"), ("test", "test_boxes")):
        gt = read_ground_truth(folder / "data" / f"{boxes}.json")
        images = read_ground_truth(folder / "data" / f"{part}.json").images
        for seed, model in enumerate(("a", "b")):
            path = folder / part / f"{model}.csv"
            write_submission(path, jittered(gt, seed), images, gt.categories)
            written.setdefault(part, []).append(str(path))
    return written["train"], written["test"]


def test_inputs_and_files_of_others_are_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    val, _ = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path / "train")
    before = {path: Path(path).read_bytes() for path in val}
    given = ["a.csv", "b.csv", "--ann", "../data/train.json", "--out", "."]
    with pytest.raises(PodiumError, match=r"a\.csv is read by this command .* --overwrite"):
        main([*given, "--name", "a"])
    Path("mine.json").write_text("[]")
    with pytest.raises(PodiumError, match=r"mine\.json must be free .* exists and is not"):
        main([*given, "--name", "mine"])
    for name in ("../x", "/x", "", ".."):
        with pytest.raises(PodiumError, match="a submission's name must be a plain name"):
            main([*given, f"--name={name}"])
    assert {path: Path(path).read_bytes() for path in val} == before
    assert Path("mine.json").read_text() == "[]"
    assert sorted(path.name for path in Path().iterdir()) == ["a.csv", "b.csv", "mine.json"]
    assert main([*given, "--name", "mine", "--overwrite"]) == 0
    assert main([*given, "--name", "mine"]) == 0  # the same submission
    Path("mine.csv").write_text("changed by hand")
    with pytest.raises(PodiumError, match=r"mine\.csv must be free .* exists and is not"):
        main([*given, "--name", "mine"])


def test_runs_are_not_written_over(runs: list[str], tmp_path: Path) -> None:
    before = Path(runs[0]).read_bytes()
    with pytest.raises(PodiumError, match=r"a\.json is read by this command"):
        main([*runs, "--name", "a", "--out", str(tmp_path / "runs")])
    assert Path(runs[0]).read_bytes() == before


def test_what_is_scored_and_submitted_is_prepared_fused_and_matched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    val, _ = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    counts = {"prepare": 0, "match": 0, "fuse_prepared": 0, "check_weights": 0}

    def count(name: str, module: str) -> None:
        function = getattr(import_module(module), name)

        def counted(*args: object, **settings: object) -> object:
            counts[name] += 1
            return function(*args, **settings)

        monkeypatch.setattr(f"{module}.{name}", counted)

    count("prepare", "custom.ensemble.preparing")
    count("match", "custom.evaluation.scoring")
    count("fuse_prepared", "custom.ensemble.per_class")
    count("check_weights", "custom.ensemble.config")
    main([*val, "--ann", "data/train.json", "--name", "x", "--method", "wbf"])
    # Two models and the ensemble are matched; weights are checked on entering and on fusing.
    assert counts == {"prepare": 1, "match": 3, "fuse_prepared": 1, "check_weights": 2}


def test_the_plain_command_chooses_and_its_recipe_fuses_test_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, test = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    labelled = ["--ann", "data/train.json"]
    assert main([*val, *labelled, "--name", "x"]) == 0
    printed = capsys.readouterr().out
    assert [line.partition(":")[0] for line in printed.splitlines()[:2]] == ["auto", "why"]
    recipe = load_recipe("submissions/x.recipe.json")
    assert list(recipe.models) == ["a", "b"]
    assert recipe.search["method"] == "auto"
    meta = json.loads(Path("submissions/x.meta.json").read_text())
    assert meta["recipe"]["configs"] == [config.to_dict() for config in recipe.configs]
    replay = ["--recipe", "submissions/x.recipe.json"]
    assert main([*val, *labelled, *replay, "--name", "again"]) == 0
    assert Path("submissions/again.csv").read_bytes() == Path("submissions/x.csv").read_bytes()
    assert not Path("submissions/again.recipe.json").exists()
    assert main([*test, "--images", "data/test.json", *replay, "--name", "test"]) == 0
    listed = read_ground_truth("data/test.json")
    models = [read_submission(path, "trash", listed.images, listed.categories) for path in test]
    expected = fuse(models, listed.images, recipe.configs[0])
    found = read_submission("submissions/test.csv", "trash", listed.images, listed.categories)
    np.testing.assert_allclose(np.sort(found.scores), np.sort(expected.scores), atol=1e-6)
    # The same command in one: scored on the labelled images, written for the others.
    both = [*test, "--val", *val, *labelled, "--images", "data/test.json", "--name", "both"]
    assert main(both) == 0
    assert Path("submissions/both.csv").read_bytes() == Path("submissions/test.csv").read_bytes()


def test_the_choice_leaves_out_duplicates_on_test_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, test = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    deduped = Candidate(FusionConfig("wbf", iou_thr=0.65), dedupe=True)
    monkeypatch.setattr(Choices, "choose", lambda self, index: (deduped, deduped))
    for path, part in ((val[0], "train"), (test[0], "test")):
        listed = read_ground_truth(f"data/{part}.json")
        model = read_submission(path, "trash", listed.images, listed.categories)
        rows = np.repeat(np.arange(model.num_boxes), 2)
        columns = (model.bboxes[rows], model.scores[rows] * np.tile([1, 0.5], model.num_boxes))
        doubled = model.from_rows(
            model.image_ids, model.image_index[rows], *columns, model.labels[rows]
        )
        write_submission(path, doubled, listed.images, listed.categories)
    labelled = ["--ann", "data/train.json"]
    both = [*test, "--val", *val, *labelled, "--images", "data/test.json", "--name", "both"]
    assert main(both) == 0
    assert "--iou-thr 0.65 --dedupe of a, b" in capsys.readouterr().out
    replay = ["--recipe", "submissions/both.recipe.json", "--images", "data/test.json"]
    assert main([*test, *replay, "--name", "test"]) == 0
    assert Path("submissions/both.csv").read_bytes() == Path("submissions/test.csv").read_bytes()
    given = ["--images", "data/test.json", "--iou-thr", "0.65", "--dedupe", "--name", "given"]
    main([*test, *given])
    assert Path("submissions/given.csv").read_bytes() == Path("submissions/test.csv").read_bytes()


def test_one_model_is_sent_where_the_other_harms_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, _ = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    gt = read_ground_truth("data/train.json")
    truth = Predictions(
        gt.images.ids, gt.offsets, gt.bboxes, np.linspace(0.5, 1.0, gt.num_boxes), gt.labels
    )
    write_submission(val[1], truth, gt.images, gt.categories)
    assert main([*val, "--ann", "data/train.json"]) == 0
    printed = capsys.readouterr().out
    assert "auto: b alone, as it is" in printed
    (advice,) = [line for line in printed.splitlines() if "I would send" in line]
    (written,) = Path("submissions").glob("nms_1of2models_*.csv")
    assert advice == (
        f"nothing is significantly above b alone: I would send {written}, which is it"
    )
    found = read_submission(written, "trash", gt.images, gt.categories)
    assert score(gt, found).value == 1.0


def test_what_is_given_is_obeyed(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "sub")]
    for options in (["--iou-thr", "0.55"], ["--method", "wbf"], ["--conf-type", "avg"]):
        assert main([*runs, *out, *options, "--name", "x"]) == 0
        assert "auto:" not in capsys.readouterr().out
    assert not list((tmp_path / "sub").glob("*.recipe.json"))
    assert main([*runs, *out, "--score-thr", "0.6", "--name", "cut"]) == 0
    boxes = json.loads((tmp_path / "sub" / "cut.json").read_text())
    assert boxes
    assert min(box["score"] for box in boxes) >= 0.6
    kept = str(tmp_path / "mine.json")
    assert main([*runs, *out, "--recipe-out", kept, "--name", "y"]) == 0
    assert len(load_recipe(kept).configs) == 1
    Path(kept).write_text("{}")
    with pytest.raises(PodiumError, match=r"mine\.json must be free or of an earlier run"):
        main([*runs, *out, "--recipe-out", kept, "--name", "y"])


def test_without_labels_or_with_too_few_it_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    val, test = files_without_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main([*test, "--images", "data/test.json"]) == 0
    with pytest.raises(PodiumError, match="--method auto needs labelled images"):
        main([*test, "--images", "data/test.json", "--method", "auto"])
    content = json.loads(Path("data/train.json").read_text())
    content["images"] = [{**image, "video_id": 1} for image in content["images"]]
    Path("video.json").write_text(json.dumps(content))
    assert main([*val, "--ann", "video.json", "--name", "video"]) == 0
    printed = capsys.readouterr().out
    assert "auto:" not in printed
    assert "ENSEMBLE" in printed
    with pytest.raises(PodiumError, match="at least two groups"):
        main([*val, "--ann", "video.json", "--method", "auto"])


def test_a_name_with_a_folder_is_refused_before_a_search(runs: list[str], tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    search = ["--search", "--trials", "3", "--recipe-out", str(recipe)]
    with pytest.raises(PodiumError, match=r"a submission's name must .* '\.\./x'"):
        main([*runs, *search, "--out", str(tmp_path / "sub"), "--name", "../x"])
    assert not recipe.exists()
    assert not recipe.with_suffix(".trials").exists()
