import importlib.metadata

import pytest

from custom.doctor import examination
from custom.doctor.probe import Outcome
from tools.doctor import main

PODIUM = [
    "numpy==2.2.6",
    'torch==2.13.0; extra == "detection"',
    'optuna==5.0.0; extra == "search"',
    'pytest==9.2.0; extra == "dev"',
]
WELL = {
    "podium": "0.1.0",
    "numpy": "2.2.6",
    "torch": "2.13.0+cpu",
    "optuna": "5.0.0",
    "opencv-python-headless": "4.12.0.88",
}
ANSWERS = {
    "warm": "6 methods",
    "numba": "0.68.1",
    "nms": "cpu",
    "cv2": "4.12.0",
    "torch": "2.13.0+cpu none False",
}


def healthy(code):
    return Outcome(True, next(answer for word, answer in ANSWERS.items() if word in code))


@pytest.fixture
def installation(monkeypatch):
    """A machine that is well; a test changes what is installed."""
    installed = dict(WELL)
    monkeypatch.setattr(examination, "installed_versions", lambda: installed)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: PODIUM)
    monkeypatch.setattr("shutil.which", lambda name: None)
    return installed


def failed(folder, **options):
    results = examination.examine(folder, run_probe=options.pop("run_probe", healthy), **options)
    return [result.subject for result in results if not result.ok]


def test_a_sound_installation(installation, tmp_path):
    assert failed(tmp_path) == []


def test_a_package_of_another_version(installation, tmp_path):
    installation["torch"] = "2.14.1"
    del installation["optuna"]
    assert failed(tmp_path) == ["torch", "optuna"]
    assert failed(tmp_path, core=True) == []


def test_podium_itself_is_missing(installation, tmp_path):
    del installation["podium"]
    assert failed(tmp_path) == ["podium"]


def test_light_core_without_torch(installation, tmp_path):
    for name in ("torch", "opencv-python-headless", "optuna"):
        del installation[name]

    def without_torch(code):
        if "torch" in code or "cv2" in code:
            return Outcome(False, "ModuleNotFoundError: No module named 'torch'")
        return healthy(code)

    assert failed(tmp_path, core=True, run_probe=without_torch) == []
    # One failed check says it all: not every package that came with torch, and not the operators.
    assert failed(tmp_path, run_probe=without_torch) == ["torch"]


@pytest.mark.parametrize(
    ("broken", "subject"),
    [("torch.version", "torch"), ("import cv2", "OpenCV"), ("nms", "operators")],
)
def test_one_failed_check_says_it_if_others_follow(installation, tmp_path, broken, subject):
    """The operators need torch and OpenCV: building them again fixes neither."""

    def run_probe(code):
        return Outcome(False, "ImportError: no such library") if broken in code else healthy(code)

    (found,) = failed(tmp_path, run_probe=run_probe)
    assert found.endswith(subject)


def test_installed_versions_are_read():
    assert examination.installed_versions()["numpy"] == importlib.metadata.version("numpy")


def test_tool_ends_with_2_on_a_problem(installation, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("custom.doctor.compiled.TRY_NUMBA", "print('0.68.1')")
    monkeypatch.setattr("custom.doctor.compiled.TRY_KERNELS", "print('6 methods')")
    installation["numpy"] = "1.26.4"
    assert main(["--core"]) == 2
    assert "FAIL  numpy: must be 2.2.6, but is 1.26.4" in capsys.readouterr().out
    installation["numpy"] = "2.2.6"
    assert main(["--core"]) is None
