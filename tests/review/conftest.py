from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from custom.review import write_review
from custom.review.inputs import Request, Review, read_review
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import make_toy_run, make_toy_split

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
NUM_FOLDS = 3
DESKTOP, PHONE = (1280, 900), (375, 700)


class Browser:
    """A headless Chromium, and what its console says."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, fragment: str = "", width_height: tuple[int, int] = DESKTOP) -> None:
        """Open a page from disk, as a new page even if only the fragment differs."""
        self.resize(*width_height)
        self.driver.get("about:blank")
        self.errors()
        self.driver.get(path.resolve().as_uri() + (f"#{fragment}" if fragment else ""))

    def errors(self) -> list[str]:
        """Return what the console said of warnings and errors since the last call."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def js(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page: `return ...` gives a value back."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, seconds: float = 60.0) -> Any:
        """Wait until a script returns something true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, 0.05).until(lambda d: d.execute_script(script))

    def resize(self, width: int, height: int) -> None:
        """Set the page's size in CSS pixels, however narrow."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Make the system's choice "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        page = "document.documentElement"
        return int(self.js(f"return {page}.scrollWidth - {page}.clientWidth"))

    def shoot(self, path: Path, whole: bool = True) -> Path:
        """Write a screenshot, of the whole page."""
        if whole:
            size = "return [innerWidth, document.documentElement.scrollHeight]"
            self.resize(*self.js(size))
        self.driver.save_screenshot(str(path))
        return path


def start_driver(profile: Path) -> Any:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(executable_path=str(DRIVER)))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that all tests share; mark those that use it with `browser`."""
    if not (CHROMIUM and DRIVER):
        missing = "chromedriver" if CHROMIUM else "chromium"
        pytest.skip(f"no {missing} is installed: apt-get install chromium chromium-driver")
    pytest.importorskip("selenium")
    driver = start_driver(tmp_path_factory.mktemp("profile"))
    yield Browser(driver)
    driver.quit()


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data/` with images and a sealed split, and `runs/`: two models, three folds each."""
    folder = tmp_path_factory.mktemp("toy")
    make_toy_split(folder / "data", num_images=24, num_folds=NUM_FOLDS)
    draw_images(folder / "data")
    for config, seed in (("near.py", 1), ("far.py", 7)):
        for fold in range(NUM_FOLDS):
            run = folder / "runs" / f"{Path(config).stem}-{fold}"
            make_toy_run(folder / "data", run, seed, fold, config)
    return folder


def draw_images(data: Path) -> None:
    """Write a picture for every image: noise, with the boxes filled in their class's colour."""
    gt = read_ground_truth(data / "train.json")
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (len(gt.categories), 3))
    for index, name in enumerate(gt.images.file_names):
        picture = rng.integers(90, 140, (*gt.images.sizes_hw[index], 3), dtype=np.uint8)
        rows = gt.rows(index)
        for box, label in zip(gt.bboxes[rows].astype(int), gt.labels[rows], strict=True):
            picture[box[1] : box[3], box[0] : box[2]] = colours[label]
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)


@pytest.fixture(scope="session")
def toy_review(toy_folder: Path) -> Review:
    """Two models and their ensemble, with images; not to be changed."""
    return read_review(Request(runs=[f"{toy_folder}/runs/*"], images_dir=toy_folder / "data"))


@pytest.fixture(scope="session")
def review_folder(toy_review: Review, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that review, written once; not to be changed."""
    return write_review(toy_review, tmp_path_factory.mktemp("out") / "review").parent


def pages_of(folder: Path) -> Sequence[str]:
    """Return the pages of a review, by file name."""
    return sorted(path.name for path in folder.glob("*.html"))
