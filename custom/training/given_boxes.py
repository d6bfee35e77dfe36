"""Predict on the boxes of another run in place of the annotated ones: a second look at each box."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config

from custom import __version__
from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.runs import Run, Trainer, check_same_split, read_run
from custom.runs.making import run_of_runs
from custom.tables import Predictions
from custom.training.nodes import dicts_below
from custom.training.prediction import predict
from custom.training.run_config import load_run_config


def predict_on_boxes(run: str | Path, boxes: str | Path, overwrite: bool = False) -> Run:
    """Predict with a run on the boxes that another run found, and write that as a run.

    Args:
        run: The folder of a run that predicts on given boxes.
        boxes: The folder of the run whose boxes they are, of the same fold.
        overwrite: Whether a run that was made so may be replaced.

    Returns:
        `RUN_on_BOXES`, beside the first; with a test set where the second has predicted it.

    Raises:
        PodiumError: If the first takes no boxes, or the two are not of one fold.
    """
    first, second = read_run(run), read_run(boxes)
    check_same_split([first, second])
    if first.record.fold is None or first.record.fold != second.record.fold:
        raise PodiumError(
            f"{first.name} and {second.name} must be of one fold, or one of them has seen the "
            f"images, but are of {first.record.fold} and {second.record.fold}"
        )
    files = {"val": second.folder / "val.json", "test": second.test_file}
    config, gt = load_run_config(first), first.val_ground_truth
    found = {
        part: _predicted(config, first.folder / "best.pth", part, path)
        for part, path in files.items()
        if path.is_file()
    }
    test = found.get("test")
    if test is not None:
        test = test.aligned_to(second.test_set()[0].ids)
    return run_of_runs(
        f"{first.name}_on_{second.name}",
        [first, second],
        gt,
        found["val"].aligned_to(gt.images.ids),
        test,
        Trainer("podium test --boxes", __version__),
        f"{first.name}, on the boxes of {second.name}",
        overwrite,
    )


def _predicted(config: Config, weights: Path, part: str, boxes: Path) -> Predictions:
    """Return the scores of the boxes in a file of COCO results; nothing is measured."""
    config = copy.deepcopy(config)
    if not (loaders := list(_loaders(config, part))):
        raise PodiumError(
            f"--boxes is for runs that predict on given boxes (task region), but {config.work_dir} "
            "does not"
        )
    for loader in loaders:
        loader["boxes"] = str(boxes)
    with TemporaryDirectory(prefix="podium-") as folder:
        evaluator = config[f"{part}_evaluator"]
        unlabelled = {**read_json(evaluator.ann_file), "annotations": []}
        evaluator.ann_file = str(Path(folder) / "unlabelled.json")
        write_json(Path(evaluator.ann_file), unlabelled)
        return predict(config, weights, part)[0]


def _loaders(config: Config, part: str) -> list[dict[str, Any]]:
    """Return what loads the given boxes of a part."""
    return [node for node in dicts_below(config[f"{part}_dataloader"]) if "boxes" in node]
