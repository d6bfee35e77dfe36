"""Predict with a finished run on its test set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from custom import runs
from custom.errors import PodiumError
from custom.files import sha256_of
from custom.tables import Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.training.checks import check_classes, check_image_files
from custom.training.configuration import place_data
from custom.training.prediction import predict
from custom.training.run_config import load_run_config


@dataclass(frozen=True)
class TestSetResult:
    """What a model found, what that scores where boxes are known, and the file written."""

    predictions: Predictions
    metrics: dict[str, float]
    path: Path


def predict_test_set(
    run: str | Path, data_root: str | None = None, tta: bool = False, out: str | None = None
) -> TestSetResult:
    """Predict on the test set of a run's config, labelled or not.

    Writes `runs/<run>.json` and adds the test set to `run.json`, so that what fuses runs knows
    the full list of images.

    Args:
        run: The run's folder.
        data_root: The folder of the data set, where it is not the recorded one.
        tta: Merge flips and scales.
        out: The file to write; another than the usual leaves the record as it is.

    Raises:
        PodiumError: If the run, its checkpoint or the images are not what they must be.
    """
    finished = runs.read_run(run)
    config = load_run_config(finished)
    if data_root is not None:
        config.competition.data_root = data_root
        place_data(config)
    checkpoint = finished.folder / "best.pth"
    if checkpoint.exists() and sha256_of(checkpoint) != finished.record.checkpoint_hash:
        raise PodiumError(f"{checkpoint} must be what run.json records, but its content changed")
    ann_file = Path(config.test_evaluator.ann_file)
    gt = read_ground_truth(ann_file)
    check_classes(gt, list(config.competition.classes))
    check_image_files(gt.images, Path(config.competition.data_root))
    predictions, metrics = predict(config, checkpoint, "test", tta)
    predictions = predictions.aligned_to(gt.images.ids)
    path = Path(out) if out else finished.test_file
    write_results(path, predictions, gt.categories)
    if path == finished.test_file:
        test = {"test": runs.data_entry(ann_file)}
        runs.update_record(finished.folder, data=test, tta=tta)
    return TestSetResult(predictions, metrics, path)
