"""Checks of what is installed: every package as pinned, and exactly one OpenCV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from custom.doctor.probe import Outcome
from custom.doctor.results import SET_UP, Check

HEADLESS = "opencv-python-headless"
OPENCVS = (
    HEADLESS,
    "opencv-python",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_PIN = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*==\s*([^\s;]+)")


def normalized(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_pins(
    title: str, requirements: Iterable[str], installed: Mapping[str, str], remedy: str
) -> list[Check]:
    """Check that packages have the versions that the requirements pin.

    Args:
        title: What the requirements are of, for the one result where all is well.
        requirements: Lines like `numpy==2.2.6`; others are not looked at.
        installed: Version by normalized name.
        remedy: How to fix what fails.

    Returns:
        One result for each package that is missing or of another version, or one in all.
    """
    pins = [match.groups() for match in map(_PIN.match, requirements) if match]
    failed = []
    for name, version in pins:
        found = installed.get(normalized(name))
        if found is None:
            failed.append(Check(name, f"must be {version}, but is not installed", remedy))
        elif found.partition("+")[0] != version:  # torch is 2.13.0+cpu or +cu128
            failed.append(Check(name, f"must be {version}, but is {found}", remedy))
    return failed or [Check(title, f"{len(pins)} packages as pinned")]


def check_opencv(installed: Mapping[str, str], cv2: Outcome) -> Check:
    """Check that the headless OpenCV alone is installed and that its module loads.

    Args:
        installed: Version by normalized name.
        cv2: How `import cv2` went.
    """
    found = [name for name in OPENCVS if name in installed]
    restore = f"pip install --no-deps --force-reinstall {HEADLESS}"
    if not found:
        return Check("OpenCV", f"{HEADLESS} must be installed, but no OpenCV is", SET_UP)
    if found != [HEADLESS]:
        surplus = " ".join(name for name in found if name != HEADLESS)
        return Check(
            "OpenCV",
            f"must be {HEADLESS} alone, but there is {' and '.join(found)}; they overwrite "
            "each other's files",
            f"pip uninstall -y {surplus} && {restore}=={installed.get(HEADLESS, '4.12.0.88')}",
        )
    if not cv2.ok:
        return Check(
            "OpenCV",
            f"{HEADLESS} is installed, but does not load: {cv2.text}",
            f"{restore}=={installed[HEADLESS]}",
        )
    return Check("OpenCV", f"{HEADLESS} {installed[HEADLESS]}, alone")
