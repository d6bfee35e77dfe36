"""The house rule: what is outside detection/ and training/ imports without torch and mmdet."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from custom.errors import EXTRA_OF

ROOT = Path(__file__).resolve().parents[1]
# What the extras install, and what came with packages that the light core once had.
ABSENT = (
    *(name for name in EXTRA_OF if name != "cv2"),
    *("torchvision", "pandas", "scipy", "pywt", "imagehash", "plotly", "sqlalchemy"),
)
# The packages that may import all of it.
HEAVY = ("custom.classification", "custom.detection", "custom.training")
# Modules that Python has not on Windows.
POSIX_ONLY = ("fcntl", "grp", "pwd", "resource", "termios")

WALK = """
import importlib, pkgutil, sys

absent, skipped = sys.argv[1].split(","), tuple(sys.argv[2].split(","))

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ImportError(f"{name} is not to be imported here")

sys.meta_path.insert(0, Refuse())
import custom
count = 0
for module in pkgutil.walk_packages(custom.__path__, "custom.", onerror=lambda name: None):
    if not module.name.startswith(skipped):
        importlib.import_module(module.name)
        count += 1
print(count)
"""


def walk(absent, skipped):
    return subprocess.run(
        [sys.executable, "-c", WALK, ",".join(absent), ",".join(skipped)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_everything_but_detection_imports_without_the_extras():
    process = walk(ABSENT, HEAVY)
    assert process.returncode == 0, process.stderr
    sources = [
        path
        for path in (ROOT / "custom").rglob("*.py")
        if not {"classification", "detection", "training"} & set(path.relative_to(ROOT).parts)
        and path.parent != ROOT / "custom"
    ]
    assert int(process.stdout) >= len(sources)


def test_only_the_sample_data_need_opencv():
    process = walk([*ABSENT, "cv2"], [*HEAVY, "custom.sample"])
    assert process.returncode == 0, process.stderr


def test_the_light_core_imports_on_windows():
    process = walk([*ABSENT, *POSIX_ONLY], HEAVY)
    assert process.returncode == 0, process.stderr


def test_the_block_is_effective():
    process = walk(ABSENT, ["custom.nothing"])
    assert process.returncode != 0
    assert "is not to be imported here" in process.stderr


@pytest.mark.parametrize("module", ["custom", "custom.doctor"])
def test_what_must_start_at_once_loads_no_library(module):
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({ABSENT!r} + ('numpy',))))"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert process.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "call", "slow"),
    [
        ("custom.ensemble.options", "", {"dataclasses", "numpy"}),
        (
            "custom.competition as module, custom.ensemble.submit",
            "module.runs_among(['a.csv']);",
            {"custom.runs", "custom.splits", "PIL"},
        ),
    ],
    ids=["help of ensemble.py", "files of no run"],
)
def test_an_ensemble_loads_only_what_it_uses(module, call, slow):
    code = f"import sys, {module}; {call} print(sorted(set(sys.modules) & {slow!r}))"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert process.stdout.strip() == "[]"


def test_training_knows_no_kind_of_model():
    sources = [path.read_text() for path in (ROOT / "custom/training").rglob("*.py")]
    assert len(sources) > 20
    assert [
        text for text in sources if re.search(r"custom\.(detection|classification)", text)
    ] == []
