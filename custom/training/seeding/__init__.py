"""A seed that means what it says: each sample and iteration a function of it alone."""

from custom.training.seeding.config import apply_seed, config_changes
from custom.training.seeding.generators import (
    derive_seed,
    generators_kept,
    seed_generators,
    seeded,
    set_everything,
)
from custom.training.seeding.keys import SampleKey
from custom.training.seeding.loop import ResumableEpochLoop
from custom.training.seeding.processes import (
    agreed,
    join_processes,
    join_processes_on_cpu,
)
from custom.training.seeding.samplers import (
    ClassBalancedSampler,
    LabelWeightedSampler,
    ResumableBatchSampler,
    SeededSampler,
)

__all__ = [
    "ClassBalancedSampler",
    "LabelWeightedSampler",
    "ResumableBatchSampler",
    "ResumableEpochLoop",
    "SampleKey",
    "SeededSampler",
    "agreed",
    "apply_seed",
    "config_changes",
    "derive_seed",
    "generators_kept",
    "join_processes",
    "join_processes_on_cpu",
    "seed_generators",
    "seeded",
    "set_everything",
]
