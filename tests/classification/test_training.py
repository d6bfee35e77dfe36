"""Classifiers by the commands that detectors are trained and predict by."""

import numpy as np
import pytest

from custom.classification.tta import MeanTTA
from custom.files import read_json
from custom.runs import read_run
from custom.splits import read_split, select_part
from custom.tables.coco import read_ground_truth, read_results
from custom.testing.toy_labels import SIDE
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
