from __future__ import annotations

from pathlib import Path

import pytest

from custom.ablation import read_plan
from custom.errors import PodiumError

PLAN = """
baseline = "base.py"
variants = dict(
    wide=dict(why="more room", change=dict(model=dict(width=2, neck=dict(_delete_=True)))),
    other=dict(config="other.py"),
)
"""


def write_plan(folder: Path, text: str = PLAN) -> Path:
    (folder / "base.py").write_text("model = dict(width=1, depth=3, neck=dict(a=1))\n")
    (folder / "other.py").write_text("model = dict(width=5)\n")
    path = folder / "ablations.py"
    path.write_text(text)
    return path


def test_variants_in_their_order(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path))
    assert plan.name == f"{tmp_path.name}_ablations"
    assert plan.baseline.config == tmp_path / "base.py"
    assert [v.name for v in plan.variants] == ["wide", "other"]
    assert plan.variants[0].why == "more room"
    assert plan.chosen(("other",)) == (plan.variants[1],)
    with pytest.raises(PodiumError, match=r"--only must name variants of .* but got 'none'"):
        plan.chosen(("none",))


def test_configs_change_what_they_say(tmp_path: Path) -> None:
    config = pytest.importorskip("mmengine.config").Config
    plan = read_plan(write_plan(tmp_path))
    folder = tmp_path / "runs" / "configs"
    folder.mkdir(parents=True)
    models = []
    for variant in (plan.baseline, *plan.variants):
        path = folder / f"{variant.name}.py"
        path.write_text(variant.config_text(folder))
        models.append(config.fromfile(str(path)).model.to_dict())
    assert models[0] == {"width": 1, "depth": 3, "neck": {"a": 1}}
    assert models[1] == {"width": 2, "depth": 3, "neck": {}}
    assert models[2] == {"width": 5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("baseline = 'base.py'", "must set `baseline`", id="no variants"),
        pytest.param("1 / 0", "must be Python that runs, but: ZeroDivisionError", id="fails"),
        pytest.param(PLAN.replace("base.py", "no.py"), "config of baseline must be", id="base"),
        pytest.param(PLAN.replace("other.py", "no.py"), "config of other must be", id="config"),
        pytest.param(PLAN.replace("wide", "Wide"), "name must be lower-case .* 'Wide'", id="name"),
        pytest.param(PLAN.replace("other=", "baseline="), "and not 'baseline'", id="reserved"),
        pytest.param(PLAN.replace("why", "reason"), "wide must be a dict with keys", id="key"),
        pytest.param(
            PLAN.replace('config="other.py"', 'why="x"'), "other must have `change`", id="nothing"
        ),
    ],
)
def test_bad_plans_are_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=message):
        read_plan(write_plan(tmp_path, text))


def test_a_missing_plan(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="must be an ablation file"):
        read_plan(tmp_path / "none.py")


@pytest.mark.parametrize("competition", ["bccd", "trash"])
def test_each_config_of_the_competition_differs_from_its_baseline(
    tmp_path: Path, competition: str
) -> None:
    configuration = pytest.importorskip("custom.training.configuration")
    plan = read_plan(Path(__file__).parents[2] / "configs" / competition / "ablations.py")
    assert plan.name == f"{competition}_ablations"
    resolved = {}
    for variant in (plan.baseline, *plan.variants):
        path = tmp_path / f"{variant.name}.py"
        path.write_text(variant.config_text(tmp_path))
        options = configuration.RunOptions(work_dir="w")
        resolved[variant.name] = configuration.load_config(path, options).pretty_text
    assert len(resolved) == len(set(resolved.values())) == 1 + len(plan.variants)
