"""The wheel, built from the checkout and tried where the checkout is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from custom import __version__
from custom.shipped import tools
from custom.testing.toy_runs import make_toy_run, make_toy_split

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("custom", "tools", "configs", "requirements")
FILES = ("setup.py", "pyproject.toml", "README.md")
# What numba keeps beside the checkout's kernels; kernels of the wheel, which are equal, take it.
COMPILED = ("*.nbi", "*.nbc")

Podium = Callable[..., subprocess.CompletedProcess[str]]


def python(executable: str | Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([executable, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    python(sys.executable, "-c", build, cwd=source)
    (path,) = source.glob("podium-*.whl")
    return path


@pytest.fixture(scope="module")
def podium(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Podium:
    """The installed command, in a new environment that has this one's other packages."""
    folder = tmp_path_factory.mktemp("installed")
    python(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"), cwd=folder)
    executable = folder / "venv" / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(python(executable, "-c", code, cwd=folder).strip())
    # As a path alone: an editable installation of the checkout there is not followed.
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    options = ["--no-deps", "--no-index", "--ignore-installed", "--quiet", str(wheel)]
    python(
        sys.executable, "-m", "pip", "--python", str(executable), "install", *options, cwd=folder
    )
    for pattern in COMPILED:
        for path in (ROOT / "custom").rglob(pattern):
            shutil.copy(path, site / path.parent.relative_to(ROOT))

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [executable.with_name("podium"), *arguments]
        environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)

    return run


def test_the_wheel_has_commands_configs_and_what_the_pages_need(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in (("custom", "custom"), ("tools", "custom/tools")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not {"__pycache__"} & set(path.parts):
                assert f"{package}/{path.relative_to(ROOT / folder).as_posix()}" in names
    assert "custom/configs/_base_/default_runtime.py" in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "tools"))]


def test_the_installed_command_lists_all(podium: Podium, tmp_path: Path) -> None:
    done = podium("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert set(tools()) <= set(done.stdout.split())
    assert podium("--version", cwd=tmp_path).stdout == f"podium {__version__}\n"


def test_split_and_ensemble_run_outside_the_checkout(podium: Podium, tmp_path: Path) -> None:
    make_toy_split(tmp_path / "data" / "toy")
    runs = [
        make_toy_run(tmp_path / "data/toy", tmp_path / "runs" / n, s)
        for n, s in (("a", 1), ("b", 2))
    ]
    done = podium("split", "data/toy/train.json", "--folds", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data/toy/splits/3fold-seed42/manifest.json").is_file()
    done = podium("ensemble", *map(str, runs), "--name", "x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "submissions").iterdir()) == [
        "x.csv", "x.json", "x.meta.json", "x.recipe.json",
    ]  # fmt: skip


def test_the_pages_and_the_configs_come_along(podium: Podium, tmp_path: Path) -> None:
    make_toy_split(tmp_path / "data")
    make_toy_run(tmp_path / "data", tmp_path / "runs" / "a")
    done = podium("review", "runs/a", "--out", "page", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page/plotly.min.js").stat().st_size > 1e6
    assert podium("init", cwd=tmp_path).returncode == 0
    assert (tmp_path / "configs/_base_/default_runtime.py").is_file()
