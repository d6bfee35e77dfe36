"""What sample data are a function of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from custom.errors import PodiumError

GENERATOR = "podium sample 1"
PARTS = ("train", "test")
# Of each task: training images, test images, width of an image, the usual folder.
TASKS: dict[str, tuple[int, int, int, str]] = {
    "detection": (300, 80, 320, "data/sample"),
    "image": (800, 240, 160, "data/hatch"),
    "region": (600, 200, 320, "data/rope"),
    "tiny": (1000, 300, 64, "data/tiny"),
}


@dataclass(frozen=True)
class Recipe:
    """What the sample data are a function of.

    Attributes:
        seed: Seed of everything drawn.
        train: Number of training images.
        test: Number of test images.
        size: Width of an image, in pixels.
        task: A key of `TASKS`.
    """

    seed: int = 42
    train: int = 300
    test: int = 80
    size: int = 320
    task: str = "detection"

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("train", 1), ("test", 1), ("size", 64)):
            if (value := getattr(self, name)) < least:
                raise PodiumError(f"{name} must be at least {least}, but is {value}")

    def number_of_images(self, part: str) -> int:
        """Return how many images "train" or "test" has."""
        return self.train if part == "train" else self.test

    def generator(self, part: str, stream: int) -> np.random.Generator:
        """Return the generator of the plan of a part (stream 0) or of one drawing (1 + index)."""
        return np.random.default_rng((self.seed, PARTS.index(part), stream))

    def info(self) -> dict[str, Any]:
        """Return what a COCO file says about its origin."""
        options = asdict(self)
        if self.task == "detection":  # as the files say that were made before there were tasks
            del options["task"]
        return {"generator": GENERATOR, **options}


def recipe_of(
    task: str, seed: int, train: int | None = None, test: int | None = None, size: int | None = None
) -> Recipe:
    """Return the recipe of a task, with its own numbers where None is given."""
    usual_train, usual_test, usual_size, _ = TASKS[task]
    return Recipe(
        seed,
        usual_train if train is None else train,
        usual_test if test is None else test,
        usual_size if size is None else size,
        task,
    )
