"""What every tracking backend of ours has in common: it never stops a run, nor changes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.visualization import BaseVisBackend

from custom.evaluation import Curve
from custom.training.seeding.generators import generators_kept
from custom.training.visualization.pictures import Picture


@contextmanager
def forgiving(what: str) -> Iterator[list[Exception]]:
    """Log an exception of the block instead of raising it; no random generator moves in it.

    Args:
        what: What fails then, for the run's log.

    Yields:
        A list that is empty within the block, and after it has the exception, if there was one.
    """
    failures: list[Exception] = []
    with generators_kept():
        try:
            yield failures
        except Exception as error:  # whatever a service raises, none may stop a training
            failures.append(error)
            message = f"{what} failed, and the run goes on without it: {error!r}"
            print_log(message, "current", logging.WARNING)


class GuardedBackend(BaseVisBackend):
    """Goes before one of MMEngine's backends in a class's bases, and guards what that does.

    The training's end does not end it: curves, files and the gate's verdict come later. `finish`
    does.
    """

    _given_up = False

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Record the config."""
        self.guard(lambda: super(GuardedBackend, self).add_config(config, **kwargs))

    def add_graph(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: watching gradients costs more than it shows here."""

    def add_image(self, *args: Any, **kwargs: Any) -> None:
        """Record an image, RGB, shape (H, W, 3)."""
        self.guard(lambda: super(GuardedBackend, self).add_image(*args, **kwargs))

    def add_scalar(self, *args: Any, **kwargs: Any) -> None:
        """Record one number."""
        self.guard(lambda: super(GuardedBackend, self).add_scalar(*args, **kwargs))

    def add_scalars(self, *args: Any, **kwargs: Any) -> None:
        """Record several numbers of one step."""
        self.guard(lambda: super(GuardedBackend, self).add_scalars(*args, **kwargs))

    def close(self) -> None:
        """Do nothing: MMEngine calls it when the training ends."""

    def finish(self, failed: bool = False) -> None:
        """End the record of the run."""
        self.guard(lambda: self._finish(failed))

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Record what a run is: its seed, its fold, the hash of its split."""
        self.guard(lambda: self._add_facts(facts))

    def add_pictures(self, pictures: Sequence[Picture], epoch: int) -> None:
        """Record val images with boxes as they are after an epoch."""
        self.guard(lambda: self._add_pictures(pictures, epoch))

    def add_curves(self, curves: Mapping[str, Curve]) -> None:
        """Record the precision-recall curve of each class."""
        self.guard(lambda: self._add_curves(curves))

    def add_results(self, results: Mapping[str, Any]) -> None:
        """Record what came out: numbers and words by name."""
        self.guard(lambda: self._add_results(results))

    def add_files(self, name: str, files: Mapping[Path, str]) -> None:
        """Record files of a run with their hashes."""
        self.guard(lambda: self._add_files(name, files))

    def guard(self, act: Callable[[], None]) -> None:
        """Do something; the first failure is logged, and nothing is tried after it."""
        if self._given_up:
            return
        with forgiving(f"tracking by {type(self).__name__}") as failures:
            act()
        self._given_up |= bool(failures)

    def _finish(self, failed: bool) -> None:
        raise NotImplementedError

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def _add_pictures(self, pictures: Sequence[Picture], epoch: int) -> None:
        raise NotImplementedError

    def _add_curves(self, curves: Mapping[str, Curve]) -> None:
        raise NotImplementedError

    def _add_results(self, results: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def _add_files(self, name: str, files: Mapping[Path, str]) -> None:
        raise NotImplementedError
