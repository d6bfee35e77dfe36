"""Predict with a finished run on its test set, and on its val fold by the same procedure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from custom import runs
from custom.errors import PodiumError
from custom.evaluation import Metric, Score, coco_figures
from custom.files import check_replaceable, real_path, sha256_of
from custom.image_folders import images_folder_of
from custom.runs import PredictionsEntry, Procedure, Run
from custom.splits import select_part
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.training.all_folds import cross_validated
from custom.training.checks import check_classes, check_image_files
from custom.training.configuration import place_data
from custom.training.metric import competition_metric
from custom.training.prediction import predict
from custom.training.record import metric_values, thresholds
from custom.training.run_config import load_run_config


@dataclass(frozen=True)
class TestSetResult:
    """What a model found, and what that scores.

    Attributes:
        predictions: On the test set.
        metrics: Of them; empty where boxes are not known.
        metric: The competition's.
        path: The file written.
        val_metrics: What val scores by the same procedure; empty where it was left as it was.
    """

    predictions: Predictions
    metrics: dict[str, float]
    metric: Metric
    path: Path
    val_metrics: dict[str, float] = field(default_factory=dict)


def predict_test_set(
    run: str | Path,
    data_root: str | None = None,
    procedure: Procedure | None = None,
    checkpoint: str | None = None,
    out: str | None = None,
    images: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> TestSetResult:
    """Predict on the test set of a run's config, labelled or not.

    Writes `runs/<run>.json` and adds the test set to `run.json`, so that what fuses runs knows
    the full list of images. Where `val.json` was made by another procedure it is predicted anew,
    since its score would be of something else. The record comes last and holds the hashes of both
    files, so that whoever reads them after a kill between two of the writes is told.

    Args:
        run: The run's folder.
        data_root: The folder of the data set, where it is not the recorded one.
        procedure: What differs from the config's way of predicting.
        checkpoint: Other weights than `best.pth`.
        out: The file to write; another than the usual leaves val and the record as they are.
        images: Folders of its images, by their keys in `competition`, where they have moved.
        overwrite: Whether such another file may be replaced.

    Raises:
        PodiumError: If the run, its weights or the images are not what they must be.
    """
    finished = runs.read_run(run)
    config = _config_of(finished, data_root, images or {})
    weights, procedure = _weights_of(finished, checkpoint, procedure or Procedure())
    path = Path(out) if out else finished.test_file
    recorded = real_path(path) == real_path(finished.test_file)
    if not recorded:
        check_replaceable([path], (), overwrite, remedy="name another --out, or use --overwrite")
    again = recorded and finished.record.fold is not None and not _is_val_of(finished, procedure)
    # Val first: from its new file on, until the record is written, readers refuse the run.
    truths = {
        part: _ground_truth(finished, config, part)
        for part in (["val", "test"] if again else ["test"])
    }
    tables, metrics = {}, {}
    for part, gt in truths.items():
        found, metrics[part] = predict(config, weights, part, procedure)
        tables[part] = found.aligned_to(gt.images.ids)
    files = {"val": finished.folder / "val.json", "test": path}
    for part, gt in truths.items():
        write_results(files[part], tables[part], gt.categories)
    if recorded:
        entries = {part: runs.predictions_entry(files[part], procedure) for part in truths}
        figures = coco_figures(truths["val"], tables["val"]) if "val" in truths else {}
        _record(finished, config, entries, metrics, figures)
    metric = competition_metric(config)
    return TestSetResult(tables["test"], metrics["test"], metric, path, metrics.get("val", {}))


def _config_of(run: Run, data_root: str | None, images: Mapping[str, str]) -> Config:
    config = load_run_config(run)
    moved = {**images, **({} if data_root is None else {"data_root": data_root})}
    if moved:
        config.competition.update(moved)
        place_data(config)
    return config


def _weights_of(run: Run, checkpoint: str | None, procedure: Procedure) -> tuple[Path, Procedure]:
    """Return the weights' file, and the procedure with its hash where it is not the run's own."""
    own = run.record.checkpoint_hash
    if checkpoint is not None:
        digest = sha256_of(checkpoint)
        return Path(checkpoint), replace(procedure, checkpoint=None if digest == own else digest)
    weights = run.folder / "best.pth"
    if weights.exists() and sha256_of(weights) != own:
        raise PodiumError(f"{weights} must be what run.json records, but its content changed")
    return weights, procedure


def _is_val_of(run: Run, procedure: Procedure) -> bool:
    """Return whether `val.json` was made by a procedure and is what the record says."""
    path = run.folder / "val.json"
    return (
        runs.procedure_of(run.record, "val") == procedure
        and path.is_file()
        and runs.is_recorded(run.record, "val", path)
    )


def _ground_truth(run: Run, config: Config, part: str) -> GroundTruth:
    """Return the images of a part with what is annotated there; all of them must be there."""
    ann_file = config[f"{part}_evaluator"].ann_file
    gt = read_ground_truth(ann_file)
    classes = list(config.competition.classes)
    check_classes(gt, classes, "predict on a file with the classes that the model was trained on")
    if part == "val":
        if sha256_of(ann_file) != run.data_entry("val").hash:
            raise PodiumError(
                f"{ann_file} must be the file that {run.name} was judged by, or its score would be "
                "of other boxes, but its content has changed; restore it, or train again"
            )
        gt = gt.take(select_part(run.split, run.val_fold, "val", gt.images))
    check_image_files(gt.images, images_folder_of(config.competition, part))
    return gt


def _record(
    run: Run,
    config: Config,
    entries: dict[str, PredictionsEntry],
    metrics: dict[str, dict[str, float]],
    figures: dict[str, Score],
) -> None:
    """Add to a run's record what was predicted, on which data, how, and what val scores so."""
    data = {part: runs.data_entry(config[f"{part}_evaluator"].ann_file) for part in entries}
    values: dict[str, Any] = {"data": data, "predictions": entries, "tta": None}
    if "val" in entries:
        values["metrics"] = metric_values(config, metrics["val"], figures)
        values["thresholds"] = thresholds(config, metrics["val"])
    if run.record.fold is None:
        values["cross_validated"] = cross_validated(run)
    runs.update_record(run.folder, **values)
