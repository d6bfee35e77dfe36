"""Files from somebody else: whichever way a checkpoint or a run's config comes in, no code runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from custom.errors import PodiumError, run_tool
from custom.files import read_json, sha256_of, write_json
from custom.runs import update_record
from custom.runs.config import config_hash, parse_config, read_config, write_config
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training import weights
from custom.training.run_config import check_registered
from tools.soup import main as soup
from tools.test import main as predict
from tools.train import main as train

PLANTED = "import os; os.system('touch {}')\n"


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a toy config and one finished run of it, `runs/toy`."""
    folder = tmp_path_factory.mktemp("trust")
    config_file = make_toy_config_file(make_toy_competition(folder / "data"), folder / "toy.py")
    assert train([str(config_file), "--work-dir", str(folder / "runs" / "toy")]) == 0
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may spoil."""
    shutil.copytree(trained / "runs" / "toy", tmp_path / "runs" / "toy")
    return tmp_path / "runs" / "toy"


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weights, "_trusted", set())
    return tmp_path / "PWNED"


def spoil(file: Path, planted: Path) -> Path:
    """Add code to a checkpoint that is sound otherwise."""
    good = weights.read_checkpoint(file)
    torch.save({**good, "meta": {**good["meta"], "x": Touch(planted)}}, file)
    return file


def code_of(main: Callable, *arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run_tool(lambda _: main([str(argument) for argument in arguments]))
    return int(ended.value.code or 0)


def test_a_start_from_a_file_with_code(
    trained: Path, run: Path, planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil, folder = spoil(run / "best.pth", planted), run.with_name("b")
    start = (train, trained / "toy.py", "--work-dir", folder, "--load-from", evil)
    assert code_of(*start) == 2
    assert f"--trust-checkpoint {sha256_of(evil)}" in capsys.readouterr().err
    assert not planted.exists()
    assert not folder.exists(), "refused before anything is written"
    assert code_of(*start, "--trust-checkpoint", sha256_of(evil)) == 0
    assert planted.exists()


def test_best_weights_with_code(run: Path, planted: Path) -> None:
    spoil(run / "best.pth", planted)
    update_record(run, checkpoint_hash=sha256_of(run / "best.pth"))
    assert code_of(predict, run) == 2
    assert not run.with_name("toy.json").exists()
    assert code_of(soup, run / "best.pth", "--out", run.with_name("soup.pth")) == 2
    assert not run.with_name("soup.pth").exists()
    assert not planted.exists()


def test_a_resume_point_with_code(trained: Path, run: Path, planted: Path) -> None:
    (run / "run.json").unlink()
    spoil(run / "last.pth", planted)
    assert code_of(train, trained / "toy.py", "--work-dir", run, "--resume") == 2
    assert not planted.exists()


@pytest.mark.parametrize("key", ["cfg", "config"])
def test_code_in_the_config_of_a_resume_point(
    key: str, trained: Path, run: Path, planted: Path
) -> None:
    """MMEngine executes `config`, which MMDetection 2 wrote, where it resumes."""
    (run / "run.json").unlink()
    point = weights.read_checkpoint(run / "last.pth")
    point["meta"][key] = PLANTED.format(planted) + point["meta"]["cfg"]
    torch.save(point, run / "last.pth")
    code_of(train, trained / "toy.py", "--work-dir", run, "--resume")
    assert not planted.exists()


def test_the_config_of_a_run_is_not_executed(run: Path, planted: Path) -> None:
    (run / "config.py").write_text(PLANTED.format(planted) + (run / "config.py").read_text())
    assert code_of(predict, run) == 0, "config.json is what is read"
    (run / "config.json").unlink()
    assert code_of(predict, run) == 2
    assert code_of(soup, run / "best.pth", "--out", run.with_name("soup.pth")) == 2
    assert not planted.exists()


def test_the_config_of_a_run_calls_nothing_by_name(run: Path, planted: Path) -> None:
    """MMEngine's registries import whatever a dotted name means, and call it."""
    config = read_config(run)
    config["model"]["backbone"] = {"type": "subprocess.call", "args": f"touch {planted}"}
    write_config(run, config, "")
    assert code_of(predict, run) == 2, "the hash differs"
    update_record(run, config_hash=config_hash(config))
    with pytest.raises(PodiumError, match=r"registered classes only, but has subprocess\.call"):
        predict([str(run)])
    assert not planted.exists()


def test_dotted_names_of_registered_classes_are_taken() -> None:
    names = ("mmdet.models.RetinaNet", "mmdet.RetinaNet", "torch.optim.sgd.SGD", "torch.nn.ReLU")
    check_registered({"a": [{"type": name} for name in names]}, "x")
    for name in ("torch.load", "mmengine.load", "os.system", "mmdet.models.none"):
        with pytest.raises(PodiumError, match=f"has {name}; register it"):
            check_registered({"constructor": name}, "x")


def test_a_run_keeps_its_config_as_data(trained: Path) -> None:
    folder = trained / "runs" / "toy"
    config = read_config(folder, read_json(folder / "run.json")["config_hash"])
    assert config == parse_config((folder / "config.py").read_text())
    assert config["model"]["type"] == "RetinaNet"
    assert isinstance(config["val_dataloader"]["dataset"]["pipeline"][1]["scale"], tuple | list)


def test_an_older_run_is_read_from_its_python(run: Path) -> None:
    (run / "config.json").unlink()
    record = read_json(run / "run.json")
    from custom.files import canonical_hash

    record["config_hash"] = canonical_hash((run / "config.py").read_text())
    write_json(run / "run.json", record)
    assert code_of(predict, run) == 0
    with open(run / "config.py", "a") as stream:
        stream.write("resume = True\n")
    assert code_of(predict, run) == 2
