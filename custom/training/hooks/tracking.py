"""What a tracked run records while it trains, besides the numbers that MMEngine logs."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.depth import check_depth
from custom.image_folders import images_folder_of
from custom.splits import read_split
from custom.training.visualization.guarded import forgiving
from custom.training.visualization.pictures import (
    NUM_PICTURES,
    Picture,
    choose_images,
    make_picture,
)
from custom.training.visualization.tracking import backends_of, run_facts


@HOOKS.register_module()
class TrackingHook(Hook):
    """Record seed and split at the start, and the same few val images after each validation.

    Args:
        num_pictures: How many val images.
    """

    priority = "LOW"

    def __init__(self, num_pictures: int = NUM_PICTURES) -> None:
        self.num_pictures = num_pictures

    def before_run(self, runner: Runner) -> None:
        """Record what the run is."""
        if backends := backends_of(runner.visualizer):
            with forgiving("tracking of the run's facts"):
                facts = run_facts(runner.cfg)
                for backend in backends:
                    backend.add_facts(facts)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Record val images with what is annotated and what was just found on them."""
        backends = backends_of(runner.visualizer)
        if not backends or not self.num_pictures:
            return
        with forgiving("tracking of val images"):
            pictures = self._pictures(runner)
            for backend in backends:
                backend.add_pictures(pictures, runner.epoch)

    def _pictures(self, runner: Runner) -> list[Picture]:
        evaluator = runner.val_loop.evaluator
        metric = next(each for each in evaluator.metrics if hasattr(each, "predictions"))
        found = metric.predictions
        assert found is not None  # of the validation that has just ended
        gt = metric.ground_truth.take_ids(found.image_ids)
        competition = runner.cfg.competition
        chosen = choose_images(gt, read_split(competition.split).hash, self.num_pictures)
        folder = images_folder_of(competition, "val")
        depth = check_depth(competition.get("depth"))
        return [make_picture(gt, found, image_id, folder, depth) for image_id in chosen.tolist()]
