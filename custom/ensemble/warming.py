"""Compiling the kernels of fusing and scoring beforehand, so that no first command waits for it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from custom.competition import competition_of
from custom.ensemble.choosing import choose_fusion
from custom.ensemble.config import FusionConfig
from custom.ensemble.evaluate import evaluate
from custom.ensemble.fusing import fuse_prepared
from custom.ensemble.inputs import read_inputs
from custom.ensemble.methods import METHODS
from custom.ensemble.preparing import Repairs
from custom.ensemble.submit import Target, submit
from custom.submission import write_submission
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import jittered, make_toy_annotations

# More images than one thread is given, and enough boxes that a method finds clusters.
NUM_IMAGES = 40


def warm() -> str:
    """Go the way of `tools/ensemble.py` on toy data, with each method; return what was compiled.

    What a kernel is compiled for depends on the types that it meets, down to whether an array may
    be written to, so that only the real way compiles what the real way needs.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ann_file = make_toy_annotations(folder / "train.json", NUM_IMAGES)
        gt, competition, repairs = read_ground_truth(ann_file), competition_of(), Repairs()
        paths = [str(folder / f"{model}.csv") for model in "ab"]
        for seed, path in enumerate(paths):
            write_submission(path, jittered(gt, seed), gt.images, gt.categories)
        inputs, _ = read_inputs(paths, str(ann_file)).prepared(repairs, competition.format_name)
        for method in METHODS:
            fuse_prepared(inputs.models, inputs.images.sizes_hw, FusionConfig(method))
        choice = choose_fusion(inputs, competition.metric, repairs)
        assert inputs.val is not None  # the images are labelled
        evaluation = evaluate(inputs.val, choice.fusion.by_model, competition.metric)
        assert evaluation.comparison
        submit(inputs, choice.fusion.by_file, repairs, evaluation, Target(folder / "out"))
    return f"{len(METHODS)} methods of fusing, {competition.metric.title} and its intervals"
