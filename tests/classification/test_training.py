"""Classifiers by the commands that detectors are trained and predict by."""

import shutil

import numpy as np
import pytest

from custom.classification.tta import MeanTTA
from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.runs import read_run
from custom.splits import read_split, select_part
from custom.tables.coco import read_ground_truth, read_results
from custom.testing.toy_labels import SIDE
from custom.testing.toy_runs import edit_record
from tools.test import main as predict


def val_of(trained, data, task):
    gt = read_ground_truth(data[task] / "train.json")
    split = read_split(data[task] / "splits" / "toy")
    gt = gt.take(select_part(split, 0, "val", gt.images))
    return gt, read_results(trained[task] / "val.json", gt.images, gt.categories)


@pytest.mark.parametrize("task", ["image", "region"])
def test_a_classifier_learns(trained, task):
    record = read_run(trained[task]).record
    assert record.task == task
    assert record.value() > 0.9  # drawn so that a few epochs suffice; chance is far below


def test_a_run_has_each_image_with_each_class_once(trained, data):
    gt, predictions = val_of(trained, data, "image")
    assert predictions.labels.tolist() == [0, 1] * len(gt.images)
    whole = np.tile([0.0, 0, SIDE, SIDE], (len(predictions.labels), 1))
    np.testing.assert_array_equal(predictions.bboxes, whole)


def test_a_run_has_each_given_box_with_each_class_once(trained, data):
    gt, predictions = val_of(trained, data, "region")
    np.testing.assert_array_equal(predictions.bboxes, gt.bboxes.repeat(2, axis=0))
    assert predictions.labels.tolist() == [0, 1] * gt.num_boxes
    both = predictions.scores.reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(both, 1, atol=1e-6)  # a softmax


@pytest.mark.parametrize("task", ["image", "region"])
def test_flips_average_probabilities(trained, task, tmp_path, monkeypatch):
    views = []
    merged = MeanTTA._merged

    def record(self, samples):
        views.append([self._scores(sample, 2).numpy().copy() for sample in samples])
        return merged(self, samples)

    monkeypatch.setattr(MeanTTA, "_merged", record)
    out = tmp_path / "tta.json"
    assert predict([str(trained[task]), "--tta", "--out", str(out)]) == 0
    scores = np.concatenate([np.mean(pair, axis=0) for pair in views])
    written = [entry["score"] for entry in read_json(out)]
    np.testing.assert_allclose(written, scores, atol=1e-6)
    assert any(np.abs(one - two).max() > 1e-4 for one, two in views)


def test_the_boxes_of_another_run_are_looked_at_again(trained, data, tmp_path):
    """A detector found the annotated boxes, one of them somewhere else, each as both classes."""
    folder = tmp_path / "runs" / "cls"
    shutil.copytree(trained["region"], folder)
    edit_record(folder, name="cls")
    detector = folder.with_name("det")
    shutil.copytree(trained["region"], detector)
    found = read_json(detector / "val.json")
    for entry in found[:2]:
        entry["bbox"] = [1, 2, 30, 20]
    write_json(detector / "val.json", found)
    edit_record(detector, name="det", task="detection", predictions={})
    assert predict([str(folder), "--boxes", str(detector)]) == 0
    made = read_run(folder.with_name("cls_on_det"))
    gt, _ = val_of(trained, data, "region")
    scored = read_results(made.folder / "val.json", gt.images, gt.categories)
    assert scored.bboxes[:2].tolist() == [[1, 2, 31, 22]] * 2
    np.testing.assert_array_equal(scored.bboxes[2:], gt.bboxes.repeat(2, axis=0)[2:])
    alone = read_results(folder / "val.json", gt.images, gt.categories)
    np.testing.assert_allclose(scored.scores[2:], alone.scores[2:], atol=1e-5)
    assert abs(scored.scores[0] - alone.scores[0]) > 1e-4
    assert {source.run for source in made.record.made_from} == {"cls", "det"}
    with pytest.raises(PodiumError, match="must be free, but exists"):
        predict([str(folder), "--boxes", str(detector)])


def test_a_classifier_of_images_takes_no_boxes(trained):
    with pytest.raises(PodiumError, match="predict on given boxes"):
        predict([str(trained["image"]), "--boxes", str(trained["image"])])
