"""The set-up on a pretended machine: what it installs, when it skips, what it fixes."""

import re
import subprocess
import sys

import pytest

from tools import setup_env

DETECTION = (
    "torch==2.13.0\nonedl-mmcv==2.3.6\nonedl-mmdetection==3.5.1\nopencv-python-headless==4.12\n"
)


class Machine:
    """Stands in for every process that the set-up starts.

    Attributes:
        ran: The commands given to .venv's Python, as text.
        failing: A command that contains this fails.
        operators: Whether the operators run, now and after each installation of them.
        sound: Whether .venv's Python works.
        broken: The Pythons on the PATH that do not run.
        freeze: What `pip list` says.
    """

    def __init__(self):
        self.ran = []
        self.environments = []
        self.failing = None
        self.operators = [True]
        self.sound = False
        self.broken = ()
        self.gpu = False
        self.freeze = "numpy==2.2.6\n"

    def subprocess_run(self, command, **options):
        line = " ".join(map(str, command))
        if "-m venv" in line:
            (setup_env.VENV / "bin").mkdir(parents=True)
            (setup_env.VENV / "bin" / "python").write_text("")
            self.sound = True
        elif "pip list" in line:
            return subprocess.CompletedProcess(command, 0, stdout=self.freeze)
        elif "import pip" in line:
            return subprocess.CompletedProcess(command, 0 if self.sound else 1)
        elif "mmcv.ops" in line:
            works = self.operators[0] if len(self.operators) == 1 else self.operators.pop(0)
            return subprocess.CompletedProcess(command, 0 if works else 1)
        elif command[1:] == ["-c", ""]:
            return subprocess.CompletedProcess(command, int(command[0].endswith(self.broken)))
        elif "nvidia-smi" in line:
            return subprocess.CompletedProcess(command, 0 if self.gpu else 9)
        else:
            self.ran.append(line.partition("python ")[2])
            self.environments.append(options["env"])
            code = 1 if self.failing and self.failing in line else 0
            return subprocess.CompletedProcess(command, code)
        return subprocess.CompletedProcess(command, 0)

    def installs(self):
        """Return what was installed, step by step: the last word of each pip command."""
        return [line.split()[-1] for line in self.ran if "pip install" in line]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "detection.txt").write_text(DETECTION)
    (requirements / "build.txt").write_text("setuptools==80.10.2\n")
    (requirements / "lock.txt").write_text("numpy==2.2.6\n")
    (tmp_path / "setup.py").write_text("")
    monkeypatch.setattr(setup_env, "ROOT", tmp_path)
    monkeypatch.setattr(setup_env, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup_env, "REQUIREMENTS", requirements)
    monkeypatch.setattr(setup_env, "LOCK", requirements / "lock.txt")
    monkeypatch.setattr(setup_env, "default_torch_index", lambda: None)
    monkeypatch.setattr(
        setup_env.shutil, "which", lambda name: None if name == "nvcc" else f"/usr/bin/{name}"
    )
    for name in ("PODIUM_TORCH_INDEX", "PODIUM_MMCV_LINKS", "CUDA_HOME"):
        monkeypatch.delenv(name, raising=False)
    fake = Machine()
    monkeypatch.setattr(setup_env.subprocess, "run", fake.subprocess_run)
    return fake


def test_a_fresh_machine_installs_everything_in_order(machine, tmp_path, capsys):
    assert setup_env.main([]) == 0
    assert machine.installs() == [
        "torch==2.13.0",
        str(tmp_path / "requirements/build.txt"),
        "onedl-mmcv==2.3.6",
        "onedl-mmdetection==3.5.1",
        str(tmp_path / "requirements/lock.txt"),
        str(tmp_path),
    ]
    assert machine.ran[-1] == "tools/doctor.py"
    build = next(i for i, line in enumerate(machine.ran) if "onedl-mmcv" in line)
    assert "--no-build-isolation" in machine.ran[build]
    assert machine.environments[build]["MMCV_WITH_OPS"] == "1"
    assert machine.environments[build]["FORCE_CUDA"] == "0"
    assert "ONE-TIME BUILD" in capsys.readouterr().out


def test_a_second_run_does_nothing(machine):
    setup_env.main([])
    machine.ran.clear()
    assert setup_env.main([]) == 0
    assert machine.ran == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "requirements/lock.txt").write_text("x==1"), id="lock"),
        pytest.param(
            lambda root: (root / "requirements/new.txt").write_text("x==1"), id="new-file"
        ),
        pytest.param(lambda root: (root / "setup.py").write_text("#"), id="setup"),
        pytest.param(lambda root: (root / ".venv/podium.stamp").unlink(), id="stamp"),
    ],
)
def test_a_change_installs_again(machine, tmp_path, change):
    setup_env.main([])
    machine.ran.clear()
    change(tmp_path)
    assert setup_env.main([]) == 0
    assert machine.ran[-1] == "tools/doctor.py"


def test_another_index_or_a_gpu_installs_again(machine, monkeypatch):
    setup_env.main([])
    machine.ran.clear()
    monkeypatch.setenv("PODIUM_TORCH_INDEX", "https://index")
    setup_env.main([])
    assert "--extra-index-url https://index" in machine.ran[0]


@pytest.mark.parametrize("failing", ["torch==", "build.txt", "onedl-mmcv", "lock.txt", "doctor"])
def test_a_failed_installation_is_taken_up_again(machine, capsys, failing):
    machine.failing = failing
    assert setup_env.main([]) == 2
    assert "error: " in capsys.readouterr().err
    machine.failing = None
    machine.ran.clear()
    assert setup_env.main([]) == 0
    assert machine.ran[-1] == "tools/doctor.py"


def test_an_interrupted_reinstallation_leaves_no_stamp(machine, tmp_path, monkeypatch):
    setup_env.main([])
    (tmp_path / "setup.py").write_text("#")

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_env, "install_torch", interrupt)
    assert setup_env.main([]) == 130
    assert not (tmp_path / ".venv/podium.stamp").exists()


def test_a_broken_environment_is_replaced(machine, tmp_path):
    setup_env.main([])
    (tmp_path / ".venv/leftover").write_text("")
    machine.sound = False
    machine.ran.clear()
    assert setup_env.main([]) == 0
    assert not (tmp_path / ".venv/leftover").exists()
    assert machine.installs()[0] == "torch==2.13.0"


def test_operators_of_another_torch_are_built_anew(machine):
    machine.operators = [False, True]
    assert setup_env.main([]) == 0
    builds = [line for line in machine.ran if "onedl-mmcv" in line]
    assert len(builds) == 2
    assert "--no-cache-dir --force-reinstall --no-binary=onedl-mmcv" in builds[1]


def test_operators_that_never_run_are_an_error(machine, capsys):
    machine.operators = [False]
    assert setup_env.main([]) == 2
    assert "do not run" in capsys.readouterr().err


def test_a_second_opencv_is_removed_and_the_headless_one_restored(machine):
    machine.freeze = "opencv-python==4.12.0.88\nopencv-python-headless==4.12.0.88\n"
    setup_env.main([])
    removal = next(i for i, line in enumerate(machine.ran) if "uninstall" in line)
    assert machine.ran[removal].endswith("opencv-python")
    assert machine.ran[removal + 1].endswith("--force-reinstall opencv-python-headless==4.12")


def test_a_gpu_without_the_toolkit_is_told_both_ways_out(machine, capsys):
    machine.gpu = True
    assert setup_env.main([]) == 2
    message = capsys.readouterr().err
    assert "nvcc" in message
    assert "PODIUM_MMCV_LINKS" in message


def test_built_wheels_are_taken_from_the_page_named(machine, monkeypatch):
    machine.gpu = True
    monkeypatch.setenv("PODIUM_MMCV_LINKS", "https://wheels")
    assert setup_env.main([]) == 0
    install = next(line for line in machine.ran if "onedl-mmcv" in line)
    assert "--find-links https://wheels --only-binary=onedl-mmcv" in install


def test_a_gpu_with_the_toolkit_builds_for_cuda(machine, monkeypatch):
    machine.gpu = True
    monkeypatch.setenv("CUDA_HOME", "/usr/local/cuda")
    setup_env.main([])
    build = next(i for i, line in enumerate(machine.ran) if "onedl-mmcv" in line)
    assert machine.environments[build]["FORCE_CUDA"] == "1"


def test_no_compiler_is_named(machine, monkeypatch, capsys):
    machine.failing = "onedl-mmcv"
    monkeypatch.setattr(setup_env.shutil, "which", lambda name: None)
    assert setup_env.main([]) == 2
    assert "no C++ compiler" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "taken"),
    [
        pytest.param((), "3.12", id="the newest"),
        pytest.param(("3.12",), "3.11", id="a shim of pyenv that does not run"),
    ],
)
def test_an_unsupported_python_hands_over_to_a_supported_one(machine, monkeypatch, broken, taken):
    def hand_over(path, argv):
        raise SystemExit(path)

    machine.broken = broken
    monkeypatch.setattr(sys, "version_info", (3, 13, 1))
    monkeypatch.setattr(setup_env.os, "execv", hand_over)
    with pytest.raises(SystemExit, match=f"/usr/bin/python{re.escape(taken)}"):
        setup_env.main([])


def test_an_unsupported_python_alone_is_an_error(machine, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(setup_env.shutil, "which", lambda name: None)
    assert setup_env.main([]) == 2
    assert "must be 3.10, 3.11 or 3.12, but" in capsys.readouterr().err


def test_an_unwritable_checkout_is_an_error(machine, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(setup_env, "ROOT", tmp_path / "gone")
    assert setup_env.main([]) == 2
    assert "must be writable" in capsys.readouterr().err


def test_windows_is_told_what_to_install_there(machine, monkeypatch, capsys):
    monkeypatch.setattr(setup_env.sys, "platform", "win32")
    assert setup_env.main([]) == 2
    assert "pip install -e . -c requirements/lock.txt" in capsys.readouterr().err
    assert machine.ran == []


def test_the_real_files_pin_what_is_installed_by_name():
    for name in ("torch", "onedl-mmcv", "onedl-mmdetection", "opencv-python-headless"):
        assert setup_env.pinned(name).startswith(f"{name}==")


def test_the_lock_pins_every_requirement_and_no_second_opencv():
    lock = {
        line.partition("==")[0].lower(): line.partition("==")[2].split()[0]
        for line in setup_env.LOCK.read_text().splitlines()
        if "==" in line and not line.startswith("#")
    }
    assert not set(setup_env.OTHER_OPENCV) & set(lock)
    for path in set(setup_env.REQUIREMENTS.glob("*.txt")) - {setup_env.LOCK}:
        for line in path.read_text().splitlines():
            if line and not line.startswith(("#", "torch==", "onedl-mmcv==")):
                package = re.match(r"[\w.-]+", line).group()
                assert package.lower() in lock, f"run make lock: {line} of {path.name} is new"
                if "==" in line:
                    assert lock[package.lower()] == line.partition("==")[2].strip()
