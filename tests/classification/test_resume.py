"""All that a classifier's training may have at once, stopped in an epoch and gone on with."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from custom.errors import Interrupted
from custom.testing.killed_trainings import differences
from custom.testing.toy_labels import toy_classifier
from tools.train import main

STOP_AT = 7  # of 3 iterations an epoch: in the third, the second stage's first


@HOOKS.register_module(force=True)
class StopOnceHook(Hook):
    """Stop before an iteration, in the first process that comes there."""

    iteration = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == StopOnceHook.iteration:
            StopOnceHook.iteration = None
            raise KeyboardInterrupt


def everything(data):
    """Mixing, RandAugment in a second stage with optimizer and schedule anew, EMA, and the rest."""
    config = toy_classifier(data, "image", max_epochs=4)
    loader = config["train_dataloader"]
    pipeline = loader["dataset"]["pipeline"]
    second = [*pipeline[:2], {"type": "RandAugment"}, *pipeline[2:]]
    plateau = {"type": "ReduceOnPlateauLR", "patience": 0, "cooldown": 1, "by_epoch": True}
    stage = {"epoch": 3, "pipeline": second, "reset_optimizer": True, "param_scheduler": [plateau]}
    loader.update(batch_size=2, num_workers=2, persistent_workers=True)
    loader["sampler"] = {"type": "LabelWeightedSampler", "absent": {"red": 2.0}}
    config["augmentations"] = [
        {"type": "CameraJitter"}, {"type": "RandomPerspective"}, {"type": "LabelCutMix"}
    ]  # fmt: skip
    config["optim_wrapper"]["accumulative_counts"] = 2
    config["param_scheduler"] = [plateau]
    config["label_smoothing"] = 0.1
    config["model"]["head"]["label_smoothing"] = 0.0
    config["custom_hooks"] = [
        {"type": "EMAHook", "momentum": 0.1, "update_buffers": True},
        {"type": "StagesHook", "stages": [stage]},
        {"type": "PatienceHook", "patience": 5},
        {"type": "ResumePointHook", "interval": 1},
        {"type": "StopOnceHook"},
    ]
    return config


def test_a_stopped_training_goes_on_to_the_same_bytes(data, tmp_path):
    Config(everything(data["image"])).dump(tmp_path / "all.py")
    runs = [tmp_path / name for name in ("whole", "stopped")]
    assert main([str(tmp_path / "all.py"), "--work-dir", str(runs[0])]) == 0
    StopOnceHook.iteration = STOP_AT
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        main([str(tmp_path / "all.py"), "--work-dir", str(runs[1])])
    assert StopOnceHook.iteration is None
    assert (runs[1] / "last.pth").exists()
    assert main([str(tmp_path / "all.py"), "--work-dir", str(runs[1]), "--resume"]) == 0
    assert differences(*runs) == []
