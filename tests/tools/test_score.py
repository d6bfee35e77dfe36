"""One file scored as pycocotools scores it, on all images or on a fold, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation.matches import COCO_AREAS
from custom.evaluation.reference import coco_eval, run_coco_eval
from custom.evaluation.thresholds import score_at_best
from custom.submission import write_submission
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import jittered, make_toy_split
from tools.score import main

CLASS = "per_class"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations, a split, and predictions on all images and on fold 0."""
    folder = tmp_path_factory.mktemp("score")
    split = make_toy_split(folder, num_images=24)
    gt = read_ground_truth(folder / "train.json")
    found = jittered(gt, 3)
    of_fold = found.aligned_to(split.val_ids(0))
    write_results(folder / "all.json", found, gt.categories)
    write_results(folder / "fold0.json", of_fold, gt.categories)
    write_submission(folder / "all.csv", found, gt.images, gt.categories)
    return folder


def card_of(data: Path, tmp_path: Path, name: str, *options: str) -> dict:
    out = str(tmp_path / "card.json")
    main([str(data / name), "--ann", str(data / "train.json"), "--json", out, *options])
    return json.loads((tmp_path / "card.json").read_text())


def reference_figures(data: Path) -> dict[str, np.ndarray]:
    """COCO's twelve figures by pycocotools itself, class by class."""
    gt = read_ground_truth(data / "train.json")
    found = jittered(gt, 3)
    evaluation = coco_eval(gt, found, areas=tuple(COCO_AREAS), max_dets=(1, 10, 100))
    ap, recall = run_coco_eval(evaluation)
    ap, recall = ap.transpose(2, 3, 0, 1), recall.transpose(2, 3, 0, 1)
    figures = {"AP50": ap[0, 2, 0], "AP75": ap[0, 2, 5], "AP": ap[0, 2].mean(axis=0)}
    figures |= {f"AR{n}": recall[0, m].mean(axis=0) for m, n in enumerate((1, 10, 100))}
    for a, size in enumerate("sml", start=1):
        figures |= {f"AP{size}": ap[a, 2].mean(axis=0), f"AR{size}": recall[a, 2].mean(axis=0)}
    return figures


def test_the_twelve_figures_are_those_of_pycocotools(data: Path, tmp_path: Path) -> None:
    card = card_of(data, tmp_path, "all.json")
    expected = reference_figures(data)
    assert card["figures"].keys() == expected.keys()
    for name, per_class in expected.items():
        ours = np.array(list(card[CLASS][name].values()), dtype=float)
        np.testing.assert_allclose(ours, per_class, rtol=0, atol=1e-10)
        known = per_class[~np.isnan(per_class)]
        if len(known):
            assert card["figures"][name] == pytest.approx(known.mean(), abs=1e-10)
        else:
            assert card["figures"][name] is None
    assert 0.05 < card["figures"]["AP"] < card["figures"]["AP50"] < 0.999


def test_csv_gives_what_json_gives(data: Path, tmp_path: Path) -> None:
    figures = card_of(data, tmp_path, "all.json")["figures"]
    other = card_of(data, tmp_path, "all.csv")["figures"]  # an earlier result is replaced
    assert other == pytest.approx(figures, abs=1e-3, nan_ok=True)


def test_a_fold_is_scored_on_its_images(data: Path, tmp_path: Path) -> None:
    fold = ("--split", str(data / "splits" / "toy"), "--fold", "0")
    card = card_of(data, tmp_path, "fold0.json", *fold)
    assert (card["num_images"], card["fold"]) == (8, 0)
    with pytest.raises(PodiumError, match="must be of the images of fold 0 only"):
        main([str(data / "all.json"), "--ann", str(data / "train.json"), *fold])
    with pytest.raises(PodiumError, match="must be given together"):
        main([str(data / "fold0.json"), "--ann", str(data / "train.json"), *fold[:2]])


def test_the_competitions_metric_is_taken_at_its_best_threshold(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = card_of(data, tmp_path, "all.json", "--metric", "wheat")
    gt = read_ground_truth(data / "train.json")
    best = score_at_best(gt, jittered(gt, 3), "wheat")
    assert card["metric"] == "wheat"
    assert card["value"] == pytest.approx(best.value)
    assert card["score_thr"] == pytest.approx(best.score_thr)
    assert f"wheat (decides): {best.value:.4f}" in capsys.readouterr().out


def test_what_is_no_earlier_result_is_kept(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "card.json"
    other.write_text("{}")
    with pytest.raises(PodiumError, match="exists and is not"):
        card_of(data, tmp_path, "all.json")
    assert other.read_text() == "{}"
    card_of(data, tmp_path, "all.json", "--overwrite")


def test_bad_input_is_refused(data: Path, tmp_path: Path) -> None:
    ann = str(data / "train.json")
    content = json.loads((data / "all.json").read_text())
    content[2]["score"] = 2.0
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(PodiumError, match="score"):
        main([str(tmp_path / "x.json"), "--ann", ann])
    with pytest.raises(PodiumError, match="must have annotated boxes, but has none"):
        main([str(data / "all.json"), "--ann", str(data / "test.json")])
