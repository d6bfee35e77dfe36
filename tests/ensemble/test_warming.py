"""What is compiled beforehand is all that the plain command needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba.core import caching

from custom.ensemble.warming import warm
from custom.submission import write_submission
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import jittered, make_toy_annotations
from tools.ensemble import main


def test_the_plain_command_compiles_nothing_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warm() == "6 methods of fusing, mAP50 and its intervals"
    compiled: list[str] = []
    monkeypatch.setattr(
        caching.FunctionCache, "save_overload", lambda self, *_: compiled.append(repr(self))
    )
    ann_file = make_toy_annotations(tmp_path / "train.json", 30, seed=3)
    gt = read_ground_truth(ann_file)
    paths = [str(tmp_path / f"{model}.csv") for model in "ab"]
    for seed, path in enumerate(paths):
        write_submission(path, jittered(gt, seed), gt.images, gt.categories)
    out = ["--out", str(tmp_path / "out")]
    assert main([*paths, "--ann", str(ann_file), *out]) == 0
    assert main([*paths, "--images", str(ann_file), *out]) == 0
    for method in ("nms", "soft-nms", "nmw"):
        main([*paths, "--images", str(ann_file), *out, "--method", method])
    assert compiled == []
