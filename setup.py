"""Install Podium: a light core with the command `podium`, and extras for the rest."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
REQUIREMENTS = ROOT / "requirements"
EXTRAS = ("detection", "classification", "tracking", "search", "reference", "dev")


def requirements(name: str) -> list[str]:
    """Return the pinned requirements of `requirements/<name>.txt`, without comments and options."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith(("#", "-"))]


def version() -> str:
    """Return the version that the package says of itself."""
    text = (ROOT / "custom" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"', text, re.MULTILINE).group(1)


class BuildWithTools(build_py):
    """Puts the commands and the configs into the package of a wheel; see custom/shipped.py."""

    def run(self):
        super().run()
        if self.editable_mode:  # they are found beside the package
            return
        for name in ("tools", "configs"):
            target = Path(self.build_lib, "custom", name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))


setup(
    name="podium",
    version=version(),
    description="From a COCO data set to a submission that a detection team can believe in",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.10,<3.13",
    cmdclass={"build_py": BuildWithTools},
    entry_points={"console_scripts": ["podium = custom.cli:main"]},
    packages=find_packages(include=["custom", "custom.*"]),
    package_data={"": ["templates/*", "vendor/*"]},
    install_requires=requirements("core"),
    extras_require={name: requirements(name) for name in EXTRAS},
)
