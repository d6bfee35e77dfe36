from pathlib import Path

import pytest
from mmengine.hooks import Hook

from custom.errors import PodiumError
from custom.testing.killed_trainings import different_tensors, trained_state
from custom.testing.toy_config import FLIP, LOADERS
from custom.testing.toy_data import make_toy_coco
from custom.training.hooks import StagesHook, find_resume_point
from tests.training.seeding.toy_training import toy_runner

LAST = [*LOADERS, {"type": "Resize", "scale": (96, 96)}, FLIP[-1]]
STAGES = {
    "type": "StagesHook",
    "stages": [
        {
            "epoch": 3,
            "pipeline": LAST,
            "lr": 0.1,
            "param_scheduler": [
                {"type": "MultiStepLR", "milestones": [3], "gamma": 0.5, "by_epoch": False}
            ],
        }
    ],
}
CHANGES = {
    "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 3},
    "param_scheduler": [{"type": "ConstantLR", "factor": 1.0, "by_epoch": False}],
}


class WatchHook(Hook):
    """Note the learning rate and the size of the images of each iteration, and perhaps stop."""

    def __init__(self, stop_at=None):
        self.rates, self.sizes, self.stop_at = [], [], stop_at
        self.logged = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.stop_at:
            raise KeyboardInterrupt
        self.rates.append(runner.optim_wrapper.optimizer.param_groups[0]["lr"])
        logged = runner.optim_wrapper.get_lr()
        self.logged.append(logged.get("base_lr", logged["lr"])[0])
        self.sizes.append(data_batch["inputs"][0].shape[-1])


@pytest.fixture
def ann_file(tmp_path) -> Path:
    return make_toy_coco(tmp_path / "toy", num_images=8)


def train(ann_file, work_dir, stop_at=None, **changes):
    runner = toy_runner(ann_file, work_dir, custom_hooks=[dict(STAGES)], **CHANGES, **changes)
    watch = WatchHook(stop_at)
    runner.register_hook(watch)
    runner.train()
    return watch


def test_pipeline_and_schedule_change_with_the_epoch(ann_file, tmp_path):
    watch = train(ann_file, tmp_path / "run")
    # Two epochs of four iterations at 0.01; then a tenth of it, halved after three iterations.
    assert watch.rates == pytest.approx([0.01] * 8 + [0.001] * 3 + [0.0005])
    assert watch.sizes == [64] * 8 + [96] * 4


def test_the_logged_rate_is_the_stages_own(ann_file, tmp_path):
    # With settings by parameter, MMEngine logs the rate of a group that the optimizer lacks.
    wrapper = {
        "type": "OptimWrapper",
        "optimizer": {"type": "SGD", "lr": 0.01, "weight_decay": 1e-4},
        "paramwise_cfg": {"norm_decay_mult": 0.0},
    }
    watch = train(ann_file, tmp_path / "run", optim_wrapper=wrapper)
    assert watch.logged == pytest.approx([0.01] * 8 + [0.001] * 3 + [0.0005])


@pytest.mark.parametrize("stop_at", [6, 8, 10], ids=["before", "at its start", "within"])
def test_a_resumed_training_is_in_the_right_stage(ann_file, tmp_path, stop_at):
    train(ann_file, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(ann_file, tmp_path / "cut", stop_at)
    point = str(find_resume_point(tmp_path / "cut"))
    watch = train(ann_file, tmp_path / "cut", resume=True, load_from=point)
    assert watch.rates == pytest.approx(([0.01] * 8 + [0.001] * 3 + [0.0005])[stop_at:])
    assert (
        different_tensors(
            trained_state(tmp_path / "whole/last.pth"), trained_state(tmp_path / "cut/last.pth")
        )
        == []
    )


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "rising epochs"),
        ([{"epoch": 1}], "at least 2"),
        ([{"epoch": 5}, {"epoch": 4}], r"\[5, 4\]"),
        ([{"epoch": 2, "schedule": []}], "a stage has no 'schedule'"),
        ([{"epoch": 2, "lr": 0.1}], "give both"),
    ],
)
def test_wrong_stages_are_refused(stages, message):
    with pytest.raises(PodiumError, match=message):
        StagesHook(stages)


class NoteAttribute(Hook):
    """Note an attribute of the model's head in each epoch."""

    priority = "LOWEST"

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(runner.model.bbox_head.use_l1)


def test_attributes_of_the_model_are_set_from_an_epoch_on(ann_file, tmp_path):
    stages = [{"epoch": 2, "attributes": {"bbox_head.use_l1": True}}]
    hooks = [{"type": "StagesHook", "stages": stages}]
    runner = toy_runner(ann_file, tmp_path / "run", custom_hooks=hooks, **CHANGES)
    runner.model.bbox_head.use_l1 = False
    note = NoteAttribute()
    runner.register_hook(note)
    runner.train()
    assert note.seen == [False, True, True]


def test_an_attribute_that_the_model_has_not_is_told(ann_file, tmp_path):
    stages = [{"epoch": 2, "attributes": {"bbox_head.use_l2": True}}]
    hooks = [{"type": "StagesHook", "stages": stages}]
    runner = toy_runner(ann_file, tmp_path / "run", custom_hooks=hooks, **CHANGES)
    with pytest.raises(PodiumError, match="RetinaHead has no 'use_l2'"):
        runner.train()
