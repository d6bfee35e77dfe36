"""The demo in small: each tool in a process of its own, from drawn data to the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from custom.demo import Demo, Plan
from custom.errors import PodiumError
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file

SAMPLE = Path(__file__).resolve().parents[1] / "configs" / "_base_" / "datasets" / "sample.py"


@pytest.mark.slow
def test_the_demo_runs_and_can_be_given_again(tmp_path: Path) -> None:
    config_file = sample_config(tmp_path)
    plan = Plan(
        data=tmp_path / "sample",
        runs=tmp_path / "runs",
        submissions=tmp_path / "submissions",
        review=tmp_path / "reports" / "demo",
        configs=(config_file,),
        sample_options=("--train", "20", "--test", "4", "--size", "64"),
    )
    said: list[str] = []
    rows = Demo(plan, said.append).run()
    assert [row.name for row in rows] == ["tiny", "ensemble"]
    assert all(0.0 <= value <= 1.0 for row in rows for value in (row.val, row.test))
    assert all(path.stat().st_size for path in plan.written)
    page = plan.report.read_text()
    assert "tiny" in page
    assert (plan.review / "gallery.html").stat().st_size
    assert any("val mAP50" in line for line in said)
    record = (plan.runs / "tiny" / "run.json").read_bytes()
    assert Demo(plan, said.append).run() == rows
    assert (plan.runs / "tiny" / "run.json").read_bytes() == record


def sample_config(folder: Path) -> Path:
    """Write a toy config with the classes of the drawn data."""
    path = make_toy_config_file(make_toy_competition(folder / "toy"), folder / "tiny.py")
    sample = Config.fromfile(str(SAMPLE))
    config = Config.fromfile(str(path))
    config.competition.classes = list(sample.competition.classes)
    config.competition.format = sample.competition.format
    config.dump(str(path))
    return path


def test_a_failing_step_names_its_log(tmp_path: Path) -> None:
    plan = Plan(data=tmp_path / "d", runs=tmp_path / "r", sample_options=("--size", "x"))
    with pytest.raises(PodiumError, match=r"make_sample\.py ended with exit code 2: see .*log"):
        Demo(plan, lambda line: None).run()
