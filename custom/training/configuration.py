"""From a config file and the options of a command to the config that is run and recorded."""

from __future__ import annotations

import argparse
import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict, DictAction
from mmengine.registry import FUNCTIONS
from mmengine.utils import import_modules_from_strings

from custom.competition import PACKAGE_OF, USUAL_TASK, task_of
from custom.depth import check_depth
from custom.errors import PodiumError
from custom.image_folders import images_of
from custom.training.all_folds import fold_of, leave_out_validation
from custom.training.building import explain_wrong_values
from custom.training.extra_data import EXTRA, add_extra_data
from custom.training.kinds import check_complete, check_kinds
from custom.training.metric import place_metric
from custom.training.naming import USUAL_SEED, default_run_name
from custom.training.nodes import dicts_below, name_of
from custom.training.pretrained import strip_pretrained
from custom.training.recipes import apply_recipes
from custom.training.replacements import replace_stock_parts
from custom.training.seeding import apply_seed
from custom.training.unused import refuse_unused

logger = logging.getLogger(__name__)

DATA_PARTS = ("train", "val", "test")

# Top-level keys that MMEngine's runner, MMDetection or Podium read.
KNOWN_KEYS = frozenset(
    """
    model data_preprocessor train_dataloader val_dataloader test_dataloader train_cfg val_cfg
    test_cfg val_evaluator test_evaluator optim_wrapper param_scheduler auto_scale_lr
    default_hooks custom_hooks env_cfg vis_backends visualizer log_processor log_level load_from
    resume work_dir launcher default_scope custom_imports randomness experiment_name compile
    sync_bn find_unused_parameters model_wrapper_cfg tta_model tta_pipeline competition
    activation_checkpointing efficient_conv_bn_eval
    augmentations multi_scale label_smoothing tracking gate
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class RunOptions:
    """What a command line says about a run; None leaves the config's own value.

    Attributes:
        seed: Recorded, and the only source of randomness; None takes `randomness.seed` of the
            config, and 42 where there is none.
        fold: The fold that judges the run, or "all" to train on every image.
        data_root: The folder of the data set.
        images: Folders of its images, by their keys in `competition`.
        split: The folder of the sealed split.
        work_dir: The run's folder.
        load_from: A checkpoint of a whole detector to start from.
        pretrained: False strips every pretrained weight from the config.
        amp: Train in mixed precision.
        launcher: "none", "pytorch", "slurm" or "mpi".
        accept_changes: Resume although the schedule or the pipeline has changed.
        overrides: Dotted keys and their values, applied first.
    """

    seed: int | None = None
    fold: int | str | None = None
    data_root: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    work_dir: str | None = None
    load_from: str | None = None
    pretrained: bool = True
    amp: bool = False
    launcher: str = "none"
    accept_changes: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)


def load_config(path: str | Path, options: RunOptions) -> Config:
    """Read a config file and apply the options to it.

    Raises:
        PodiumError: If there is no such file, it is no valid config, or it lacks `competition`.
    """
    config = read_config(path)
    _check_read(options.overrides)
    with explain_wrong_values(path):
        earlier = copy.deepcopy(config.get("competition") or {})
        _merge(config, options.overrides)
        if "competition" not in config:
            raise PodiumError(
                f"{path} must set `competition`: inherit from configs/_base_/datasets/, or, beside "
                "a whole config of MMDetection, from configs/_base_/competitions/"
            )
        check_kinds(config, path)
        adopted = _adopt(config, path)
        check_complete(config, path)
        seed = _seed(config, options)
        _apply_data_options(config, options)
        _find_data(config, options, Path(path))
        _fit_workers(config)
        for line in [*adopted, *replace_stock_parts(config)]:
            logger.warning("%s: %s", path, line)
        add_extra_data(config)
        refuse_unused(config, {**config.competition, **earlier})
        apply_recipes(config)
        place_data(config)
        place_metric(config)
        set_num_classes(config.model, len(config.competition.classes))
        if place_labels := FUNCTIONS.get("place_labels"):
            place_labels(config)
        config.work_dir = _work_dir(config, options, path, seed)
        config.launcher = options.launcher
        apply_seed(config, seed)
        if config.competition.fold is None:
            leave_out_validation(config)
        _accept_changes(config, options.accept_changes)
        if options.amp:
            config.optim_wrapper.type = "AmpOptimWrapper"
        config.setdefault("load_from", None)
        _apply_weights(config, options)
    return config


def _merge(config: Config, overrides: dict[str, Any]) -> None:
    for key, value in overrides.items():
        try:
            config.merge_from_dict({key: value})
        except Exception as error:  # MMEngine asserts, or fails in its own walk through the keys
            raise PodiumError(
                f"--cfg-options must fit {config.filename}, but {key} does not: {error}"
            ) from error


def _seed(config: Config, options: RunOptions) -> int:
    """Return the seed: of the command's option, of the config, or the usual one."""
    given = (config.get("randomness") or {}).get("seed")
    if options.seed is None:
        return USUAL_SEED if given is None else int(given)
    overridden = options.overrides.get("randomness.seed", options.seed)
    if overridden != options.seed:
        raise PodiumError(
            f"--seed is {options.seed}, but --cfg-options sets randomness.seed to {overridden}; "
            "give one of them"
        )
    return options.seed


def _work_dir(config: Config, options: RunOptions, path: str | Path, seed: int) -> str:
    """Return the run's folder: of the command's option, of the config, or by the config's name."""
    name = default_run_name(path, config.competition.fold, seed, options.overrides)
    return options.work_dir or config.get("work_dir") or str(Path("runs") / name)


def read_config(path: str | Path) -> Config:
    """Read a config file and those it inherits from.

    Raises:
        PodiumError: If there is no such file, or it is no valid config.
    """
    if not Path(path).is_file():
        raise PodiumError(f"{path} must be a config file, but there is none")
    try:
        return Config.fromfile(str(path))
    except Exception as error:  # a config is code, which may raise anything
        if "Duplicate key" in str(error):
            raise PodiumError(
                f"{path} must inherit each key once, but: {error}; a whole config of MMDetection "
                "stands beside configs/_base_/competitions/NAME.py alone (docs/detectors.md)"
            ) from error
        raise PodiumError(
            f"{path} must be a valid config, but: {type(error).__name__}: {error}"
        ) from error


def parse_overrides(arguments: Sequence[str]) -> dict[str, Any]:
    """Return dotted keys and their values from `key=value` arguments, as MMEngine reads them."""
    if wrong := [argument for argument in arguments if "=" not in argument]:
        raise PodiumError(f"--cfg-options must be KEY=VALUE, but one is {wrong[0]!r}")
    if empty := [argument for argument in arguments if "" in argument.split("=")[0].split(".")]:
        raise PodiumError(f"--cfg-options must be KEY=VALUE, but the key of {empty[0]!r} is empty")
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    try:
        return parser.parse_args(["--cfg-options", *arguments] if arguments else []).cfg_options
    except Exception as error:  # MMEngine asserts that brackets are balanced
        raise PodiumError(f"--cfg-options cannot be read: {error}") from error


def register_parts(config: Config) -> ConfigDict:
    """Import the modules that register what a config names, and return `custom_imports`.

    Where it does not say which, as MMDetection's do not, they are the package of its task.
    """
    task = task_of(config.get("competition", {}).get("task", USUAL_TASK), "competition")
    imports = config.get("custom_imports") or ConfigDict(imports=[PACKAGE_OF[task]])
    import_modules_from_strings(**imports)
    return imports


def _adopt(config: Config, path: str | Path) -> list[str]:
    """Register what the config names, and let its model's kind adopt what comes from elsewhere.

    Returns:
        What was replaced by what, a line each.
    """
    config.setdefault("custom_imports", register_parts(config))
    adopt = FUNCTIONS.get("adopt_config")
    return adopt(config, str(path)) if adopt else []


def place_data(config: Config) -> None:
    """Hand the facts in `config.competition` to the data sets and the evaluators."""
    competition = config.competition
    root = Path(competition.data_root)
    files = {
        "train": competition.train_ann,
        "val": competition.get("val_ann", competition.train_ann),
        "test": competition.test_ann,
    }
    for part in DATA_PARTS:
        for dataset in competition_datasets(config.get(f"{part}_dataloader")):
            of_part = dataset.setdefault("part", part)
            dataset["metainfo"] = dict(classes=tuple(competition.classes))
            if of_part in ("train", EXTRA) and "augmentations" in config:
                dataset["augmentations"] = config.augmentations
            if competition.get("depth") is not None:
                dataset["depth"] = check_depth(competition.depth)
            if of_part == EXTRA:
                continue
            if of_part not in files:
                raise PodiumError(
                    f"{part}_dataloader: part of CompetitionDataset must be train, val or test, "
                    f"but is {of_part!r}"
                )
            prefix = dict(img=images_of(competition, of_part))
            dataset.update(data_root=str(root), ann_file=files[of_part], data_prefix=prefix)
            if of_part != "test":
                # Without a fold the whole file is trained on, as without a split.
                split = None if competition.fold is None else competition.split
                dataset.update(split=split, fold=competition.fold)
    for part in ("val", "test"):
        if isinstance(evaluator := config.get(f"{part}_evaluator"), dict):
            evaluator["ann_file"] = str(root / files[part])


def competition_datasets(node: Any) -> list[dict[str, Any]]:
    """Return every CompetitionDataset below `node`, also inside of wrappers."""
    return [each for each in dicts_below(node) if name_of(each) == "CompetitionDataset"]


def set_num_classes(model: Any, num_classes: int) -> None:
    """Set every `num_classes` of a model; the classes themselves stand in `competition`."""
    for each in dicts_below(model):
        if "num_classes" in each:
            each["num_classes"] = num_classes


def _check_read(overrides: dict[str, Any]) -> None:
    """Refuse what would change nothing: a misspelt key, or a name that only config files use."""
    for key in overrides:
        if (name := key.split(".")[0]) not in KNOWN_KEYS:
            near = get_close_matches(name, KNOWN_KEYS, n=1, cutoff=0.8)
            remedy = f"did you mean {near[0]}?" if near else "change it in a config"
            raise PodiumError(
                f"--cfg-options must set what training reads, but one is {key}, which nothing "
                f"reads once the config's files are; {remedy}"
            )


def _apply_data_options(config: Config, options: RunOptions) -> None:
    for key in ("data_root", "split"):
        if (value := getattr(options, key)) is not None:
            config.competition[key] = value
    config.competition.update(options.images)
    fold = config.competition.get("fold") if options.fold is None else options.fold
    config.competition.fold = None if fold is None else fold_of(fold)


def _find_data(config: Config, options: RunOptions, path: Path) -> None:
    """Find the config's data and split from another working directory: beside its own folders."""
    for key in ("data_root", "split"):
        value = config.competition[key]
        if getattr(options, key) is not None or Path(value).exists():
            continue
        found = (folder / value for folder in path.resolve().parents if (folder / value).exists())
        config.competition[key] = str(next(found, value))


def _fit_workers(config: Config) -> None:
    """Drop what torch refuses of a data loader without worker processes."""
    for part in DATA_PARTS:
        loader = config.get(f"{part}_dataloader") or {}
        if loader.get("num_workers") == 0:
            loader["persistent_workers"] = False
            loader.pop("prefetch_factor", None)


def _accept_changes(config: Config, accept: bool) -> None:
    for hook in config.custom_hooks:
        if hook["type"] == "ResumePointHook":
            hook["accept_changes"] = accept


def _apply_weights(config: Config, options: RunOptions) -> None:
    if not options.pretrained:
        config.load_from = None
    if not options.pretrained or options.load_from is not None:
        strip_pretrained(config.model)
    if options.load_from is not None:
        if not Path(options.load_from).is_file():
            raise PodiumError(
                f"--load-from must be a checkpoint, but is no file: {options.load_from}"
            )
        config.load_from = options.load_from
