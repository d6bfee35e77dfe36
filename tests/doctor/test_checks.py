"""Each problem has its message and its remedy."""

import os
from pathlib import Path

import pytest

from custom.doctor.compiled import check_kernels, check_numba, check_operators, check_torch
from custom.doctor.machine import MIN_FREE_BYTES, check_disk, check_python, check_writable
from custom.doctor.packages import check_opencv, check_pins
from custom.doctor.probe import Outcome, probe
from custom.doctor.results import Check, report

GOOD = Outcome(True, "4.12.0")
HEADLESS = {"opencv-python-headless": "4.12.0.88"}


def answering(ok: bool, text: str):
    return lambda code: Outcome(ok, text)


@pytest.mark.parametrize(
    ("version", "ok"),
    [((3, 9, 18), False), ((3, 10, 0), True), ((3, 12, 7), True), ((3, 13, 0), False)],
)
def test_python(version, ok):
    result = check_python(version)
    assert result.ok is ok
    assert ".".join(map(str, version)) in result.text


@pytest.mark.parametrize(
    ("free", "ok"), [(MIN_FREE_BYTES, True), (MIN_FREE_BYTES - 1, False), (0, False)]
)
def test_disk(free, ok):
    assert check_disk(Path("/somewhere"), free).ok is ok


def test_writable_folder_is_left_as_it_was(tmp_path):
    assert check_writable(tmp_path).ok
    assert check_writable(tmp_path / "not" / "yet").ok
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    result = check_writable(tmp_path / "runs")
    assert "must be writable, but is not: Permission denied" in result.text
    assert f"chown or chmod {tmp_path}" in result.remedy


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "runs").touch()
    result = check_writable(tmp_path / "runs")
    assert f"{tmp_path / 'runs'} is a file" in result.text
    assert result.remedy.startswith("move ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_the_right_to_write(tmp_path):
    tmp_path.chmod(0o500)
    assert not check_writable(tmp_path).ok


def test_pins():
    requirements = ["numpy==2.2.6", "Jinja2==3.1.6; extra == 'x'", "torch==2.13.0", "rich"]
    installed = {"numpy": "1.26.4", "torch": "2.13.0+cu128"}
    results = check_pins("core", requirements, installed, "fix it")
    assert results == [
        Check("numpy", "must be 2.2.6, but is 1.26.4", "fix it"),
        Check("Jinja2", "must be 3.1.6, but is not installed", "fix it"),
    ]
    fine = check_pins("core", requirements, {**installed, "numpy": "2.2.6", "jinja2": "3.1.6"}, "")
    assert fine == [Check("core", "3 packages as pinned")]


@pytest.mark.parametrize(
    ("installed", "cv2", "text"),
    [
        pytest.param(
            {**HEADLESS, "opencv-python": "4.12.0.88"}, GOOD, "overwrite each other", id="two"
        ),
        pytest.param({"opencv-python": "4.12.0.88"}, GOOD, "headless alone", id="the other one"),
        pytest.param(
            HEADLESS, Outcome(False, "No module named 'cv2'"), "does not load", id="files gone"
        ),
    ],
)
def test_opencv_problems(installed, cv2, text):
    result = check_opencv(installed, cv2)
    assert text in result.text
    assert "pip install --no-deps --force-reinstall opencv-python-headless" in result.remedy


def test_no_opencv_at_all():
    result = check_opencv({}, GOOD)
    assert "no OpenCV is" in result.text
    assert "setup_env.py --force" in result.remedy


def test_one_opencv_is_well():
    assert check_opencv(HEADLESS, GOOD).ok


def test_surplus_opencv_is_removed_first():
    both = {**HEADLESS, "opencv-contrib-python": "4.11.0.86"}
    remedy = check_opencv(both, GOOD).remedy
    assert remedy.startswith("pip uninstall -y opencv-contrib-python && ")
    assert remedy.endswith("opencv-python-headless==4.12.0.88")


def test_kernels_are_compiled():
    assert "6 methods" in check_kernels(answering(True, "6 methods of fusing")).text
    failed = check_kernels(answering(False, "OSError: No space left on device"))
    assert not failed.ok
    assert "No space left" in failed.text


def test_numba():
    assert check_numba(answering(True, "0.68.1")).ok
    failed = check_numba(answering(False, "ImportError: Numba needs NumPy 2.3 or less"))
    assert "Numba needs NumPy 2.3 or less" in failed.text


@pytest.mark.parametrize(
    ("outcome", "has_gpu", "ok", "text"),
    [
        pytest.param(
            (True, "2.13.0+cu128 12.8 True"), True, True, "CUDA 12.8, GPU in use", id="gpu"
        ),
        pytest.param((True, "2.13.0+cpu none False"), False, True, "no GPU", id="cpu"),
        pytest.param(
            (True, "2.13.0+cpu none False"), True, False, "is a CPU build", id="cpu-on-gpu"
        ),
        pytest.param(
            (True, "2.13.0+cu128 12.8 False"),
            True,
            False,
            "must see the machine's GPU",
            id="driver",
        ),
        pytest.param((False, "No module named 'torch'"), False, False, "must load", id="absent"),
    ],
)
def test_torch(outcome, has_gpu, ok, text):
    result = check_torch(Outcome(*outcome), has_gpu)
    assert result.ok is ok
    assert text in result.text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("ModuleNotFoundError: No module named 'mmcv._ext'", "installed without them"),
        ("ImportError: _ext.so: undefined symbol: _ZN3c10", "were built for another"),
        ("the interpreter was killed by signal 11", "were built for another"),
        ("RuntimeError: nms_impl: not compiled with GPU support", "were built for the CPU"),
        ("RuntimeError: nms_impl: implementation for device cuda:0 not found.", "for the CPU"),
        ("AssertionError: nms must keep [0], but keeps [0, 1]", "must run, but"),
    ],
)
def test_broken_operators(error, text):
    result = check_operators(answering(False, error))
    assert text in result.text
    assert "setup_env.py --force" in result.remedy


def test_operators_that_run():
    assert check_operators(answering(True, "cpu")) == Check("mmcv's operators", "nms runs on cpu")


def test_report_puts_the_remedy_under_its_problem():
    results = [Check("a", "fine"), Check("b", "must be x, but is y", "do z")]
    assert report(results).splitlines() == [
        "ok    a: fine",
        "FAIL  b: must be x, but is y",
        "      -> do z",
    ]


def test_probe_tells_a_result_an_error_and_a_crash():
    assert probe("print(6 * 7)") == Outcome(True, "42")
    assert probe("import no_such_module_here").text.endswith(
        "No module named 'no_such_module_here'"
    )
    killed = probe("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert killed == Outcome(False, "the interpreter was killed by signal 11")
