"""Install Podium: a light core, and extras for the rest."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
REQUIREMENTS = ROOT / "requirements"
EXTRAS = ("detection", "tracking", "search", "reference", "dev")


def requirements(name: str) -> list[str]:
    """Return the pinned requirements of `requirements/<name>.txt`, without comments and options."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith(("#", "-"))]


setup(
    name="podium",
    version="0.1.0",
    description="From a COCO data set to a submission that a detection team can believe in",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.10,<3.13",
    packages=find_packages(include=["custom", "custom.*"]),
    package_data={"": ["templates/*", "vendor/*"]},
    install_requires=requirements("core"),
    extras_require={name: requirements(name) for name in EXTRAS},
)
