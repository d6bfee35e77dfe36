"""Trainings that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from custom.testing.killed_settings import make_setting
from custom.testing.killed_trainings import run_until_done
from custom.testing.toy_competition import make_toy_competition


@pytest.fixture(scope="session")
def toy_competition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy_competition(tmp_path_factory.mktemp("killed") / "data", num_images=16)


@pytest.fixture(scope="session")
def setting_config(
    toy_competition: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return the config of a setting."""
    folder, written = tmp_path_factory.mktemp("configs"), {}

    def config(name: str) -> Path:
        if name not in written:
            written[name] = make_setting(name, toy_competition, folder / f"{name}.py")
        return written[name]

    return config


@pytest.fixture(scope="session")
def uninterrupted(
    setting_config: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return the folder of a setting's training that nothing has interrupted."""
    folder, done = tmp_path_factory.mktemp("uninterrupted"), {}

    def run(name: str) -> Path:
        if name not in done:
            done[name] = folder / name
            assert run_until_done(setting_config(name), done[name]).codes == [0]
        return done[name]

    return run
