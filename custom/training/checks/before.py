"""The table of what must hold before a training starts, in the order in which it is looked at."""

from __future__ import annotations

from collections.abc import Callable

from mmengine.config import Config

from custom.training.building import explain_refusals
from custom.training.checks import data, schedule
from custom.training.checks.extra import check_extra_data
from custom.training.checks.facts import Facts
from custom.training.checks.optimizer import check_custom_keys
from custom.training.checks.preprocessing import check_preprocessing
from custom.training.checks.samples import check_samples
from custom.training.checks.weights import check_weights

# What needs nothing but the config comes first, what reads many files or the network last.
CHECKS: tuple[tuple[str, Callable[[Facts], None]], ...] = (
    ("mixed precision has its device", schedule.check_device),
    ("an epoch is validated, by the competition's metric", schedule.check_validates),
    ("the best weights are kept", schedule.check_keeps_best),
    ("the gate's policy can be read", schedule.check_gate),
    ("both annotation files have the classes, and boxes", data.check_labels),
    ("the val file is the one that was sealed", data.check_val_file),
    ("there is something to train on and to judge by", data.check_parts),
    ("an epoch has a batch", schedule.check_batches),
    ("images reach the model as it expects them", check_preprocessing),
    ("images are there, readable and of the annotated size", data.check_images),
    ("so are those of the test set", data.check_test_images),
    ("no image is trained on that judges", data.check_leaks),
    ("extra data has known classes and no val image", check_extra_data),
    ("pseudo-labels did not see what judges", data.check_pseudo_labels),
    ("settings for single parameters reach some", check_custom_keys),
    ("samples follow the seed", check_samples),
    ("pretrained weights can be had", lambda facts: check_weights(facts.config)),
)


def check_before_training(config: Config) -> None:
    """Check a resolved config, its data and its weights.

    Raises:
        PodiumError: Of the first check that fails; nothing is written.
    """
    facts = Facts(config)
    with explain_refusals(config.filename or config.work_dir):
        for _, check in CHECKS:
            check(facts)
