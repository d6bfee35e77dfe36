"""No --cfg-options ends in a traceback: each value is used, or refused with a sentence."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from mmengine.registry import init_default_scope

from custom.errors import PodiumError
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.building import explain_refusals
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config, parse_overrides

# What each ends in: "" where it may be used, or part of the sentence that refuses it.
OPTIONS: dict[str, str] = {
    # Another kind of value than the key is for.
    "model=5": "model must be a dict",
    "model=None": "model must be a dict",
    "model=[]": "model must be a dict",
    "model.type=5": "model.type must be",
    "model.backbone=5": "can be built",
    "model.backbone=None": "can be built",
    "model.backbone.depth=abc": "can be built",
    "model.backbone.out_indices=3": "can be built",
    "model.neck=[1,2]": "can be built",
    "model.bbox_head.num_classes=abc": "",
    "model.data_preprocessor=7": "data_preprocessor must be a dict",
    "model.data_preprocessor.mean=1": "",
    "model.train_cfg=abc": "can be built",
    "train_dataloader=5": "train_dataloader must be a dict",
    "train_dataloader=None": "train_dataloader must be",
    "train_dataloader.dataset=5": "train_dataloader.dataset must be a dict",
    "train_dataloader.dataset=abc": "train_dataloader.dataset must be a dict",
    "train_dataloader.dataset.pipeline=5": "must be a list of transforms",
    "train_dataloader.dataset.pipeline=[1,2]": "must be a list of transforms",
    "train_dataloader.dataset.pipeline=[]": "",
    "train_dataloader.dataset.pipeline.0=5": "pipeline.0 does not",
    "train_dataloader.dataset.pipeline.0.type=5": "must be a list of transforms",
    "train_dataloader.dataset.part=nonsense": "part",
    "train_dataloader.dataset.type=None": "",
    "train_dataloader.batch_size=abc": "batch_size must be a whole number",
    "train_dataloader.batch_size=0": "batch_size must be at least 1",
    "train_dataloader.batch_size=-3": "batch_size must be at least 1",
    "train_dataloader.batch_size=2.5": "batch_size must be a whole number",
    "train_dataloader.batch_size=True": "batch_size must be a whole number",
    "train_dataloader.num_workers=-1": "num_workers must be at least 0",
    "train_dataloader.num_workers=many": "num_workers must be a whole number",
    "train_dataloader.sampler=5": "sampler must be a dict",
    "train_dataloader.sampler.type=5": "sampler",
    "train_dataloader.persistent_workers=abc": "persistent_workers must be True or False",
    "val_dataloader=5": "val_dataloader must be",
    "val_dataloader=None": "val_dataloader must be a dict",
    "val_cfg=5": "val_cfg must be",
    "val_cfg=None": "val_cfg must be a dict",
    "val_evaluator=5": "val_evaluator must be",
    "val_evaluator=None": "val_evaluator must be a dict",
    "val_evaluator=[1]": "must be CompetitionMetric alone",
    "val_evaluator=[]": "must be CompetitionMetric alone",
    "val_evaluator.type=5": "CompetitionMetric",
    "test_dataloader=abc": "test_dataloader must be",
    "test_evaluator=7": "test_evaluator must be",
    "train_cfg=5": "train_cfg must be a dict",
    "train_cfg=None": "train_cfg must be a dict",
    "train_cfg.max_epochs=abc": "max_epochs must be a whole number",
    "train_cfg.max_epochs=0": "max_epochs must be at least 1",
    "train_cfg.max_epochs=1e99": "max_epochs must be a whole number",
    "train_cfg.val_interval=0": "val_interval must be a whole number of at least 1",
    "train_cfg.val_interval=abc": "val_interval must be a whole number",
    "train_cfg.val_begin=99": "val_begin must be at most max_epochs",
    "train_cfg.type=IterBasedTrainLoop": "train_cfg must be one of",
    "train_cfg.type=5": "train_cfg",
    "optim_wrapper=5": "optim_wrapper must be a dict",
    "optim_wrapper=None": "optim_wrapper must be a dict",
    "optim_wrapper.optimizer=SGD": "optimizer must be a dict",
    "optim_wrapper.paramwise_cfg=5": "paramwise_cfg must be",
    "optim_wrapper.paramwise_cfg.custom_keys=5": "custom_keys must be a dict",
    "optim_wrapper.paramwise_cfg.custom_keys.bakcbone.lr_mult=0.1": "did you mean backbone",
    "param_scheduler=5": "param_scheduler must be",
    "default_hooks=5": "default_hooks must be a dict",
    "default_hooks=None": "default_hooks must be a dict",
    "default_hooks.checkpoint=None": "default_hooks.checkpoint must be a CheckpointHook",
    "default_hooks.checkpoint=5": "default_hooks.checkpoint must be a CheckpointHook",
    "default_hooks.checkpoint.save_best=coco/bbox_mAP": "must save the weights with the greatest",
    "default_hooks.checkpoint.save_best=5": "must save the weights with the greatest",
    "default_hooks.checkpoint.rule=less": "must save the weights with the greatest",
    "custom_hooks=5": "custom_hooks must be",
    "custom_hooks=[1]": "custom_hooks must be dicts with a type",
    "custom_hooks.0.type=EMAHook": "custom_hooks must be",
    "custom_hooks={}": "custom_hooks must be",
    "custom_imports=5": "custom_imports must be",
    "env_cfg=5": "env_cfg must be a dict",
    "env_cfg.mp_cfg=5": "mp_cfg must be a dict",
    "log_processor=5": "log_processor must be a dict",
    "visualizer=5": "visualizer must be a dict",
    "vis_backends=5": "vis_backends must be",
    "default_scope=5": "default_scope must be",
    "default_scope=nowhere": "",
    "randomness=5": "randomness must be a dict",
    "randomness.seed=abc": "randomness.seed must be a whole number",
    "randomness.seed=-1": "seed must be 0 to 4294967295",
    "randomness.seed=99999999999999999999": "seed must be 0 to 4294967295",
    "load_from=5": "load_from must be text",
    "resume=abc": "resume must be True or False",
    "work_dir=5": "work_dir must be text",
    "tracking=5": "tracking must be",
    "gate=5": "gate must be",
    "gate.smallest_gain=abc": "smallest_gain must be a number",
    "gate.num_resamples=1e9": "num_resamples must be an integer",
    "gate.confidence=95": "confidence must be in",
    "gate.gain=0.1": "gain is unknown",
    "augmentations=5": "augmentations must be",
    "augmentations=[1]": "",
    "multi_scale=5": "multi_scale must be",
    "multi_scale=[5]": "multi_scale takes the place",
    "label_smoothing=abc": "label_smoothing must be",
    "label_smoothing=0.1": "label_smoothing is for heads",
    "competition=5": "competition must be a dict",
    "competition.classes=5": "classes must be a list",
    "competition.classes=[]": "classes must be a list of at least one name",
    "competition.classes=[1,2]": "classes must be a list of at least one name",
    "competition.classes=(écran,日本,🙂)": "must be the categories of",
    "competition.fold=99": "fold must be 0 to 1",
    "competition.fold=-1": "fold must be 0 to 1",
    "competition.fold=[0]": "fold must be",
    "competition.data_root=5": "data_root must be text",
    "competition.data_root=''": "",
    "competition.data_root=/no/such/folder": "cannot read",
    "competition.train_ann=None": "train_ann must be text",
    "competition.train_ann=日本.json": "cannot read",
    "competition.split=/no": "must be a sealed split",
    "competition.extra_train=5": "extra_train must be",
    "competition.extra_train=[5]": "extra_train must be a list of dict",
    "competition.nonsense=1": "competition has no 'nonsense'",
    # Ways through the config that are none.
    "model.type.name=5": "",
    "train_cfg.max_epochs.x=5": "",
    "competition.classes.7=x": "--cfg-options must fit",
    "competition.classes.x=x": "--cfg-options must fit",
    "train_dataloader.dataset.pipeline.99.type=X": "--cfg-options must fit",
    "train_dataloader.dataset.pipeline.x.type=X": "--cfg-options must fit",
    "train_dataloader..batch_size=3": "is empty",
    ".model=5": "is empty",
    "=5": "is empty",
    "model": "must be KEY=VALUE",
    "model=[1,(2": "cannot be read",
    "日本=5": "which nothing reads",
    "model.日本=5": "",
}


@pytest.fixture(scope="module")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return make_toy_config_file(make_toy_competition(folder / "data"), folder / "toy.py")


def everything_before_the_first_step(config_file: Path, option: str, work_dir: Path) -> None:
    """What tools/train.py does before it trains, and the parts that its runner builds."""
    from mmdet.registry import MODELS
    from mmengine.optim import build_optim_wrapper

    config = load_config(config_file, RunOptions(overrides=parse_overrides([option])))
    config.work_dir = str(work_dir)
    check_before_training(config)
    with explain_refusals(config_file):
        init_default_scope("mmdet")
        model = MODELS.build(config.model)
        build_optim_wrapper(model, config.optim_wrapper)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_used_or_refused(config_file: Path, option: str, tmp_path: Path) -> None:
    if expected := OPTIONS[option]:
        with pytest.raises(PodiumError, match=re.escape(expected)):
            everything_before_the_first_step(config_file, option, tmp_path)
    else:
        with suppress(PodiumError):
            everything_before_the_first_step(config_file, option, tmp_path)


def test_what_is_sound_passes(config_file: Path, tmp_path: Path) -> None:
    everything_before_the_first_step(config_file, "train_dataloader.batch_size=3", tmp_path)
    with pytest.raises(PodiumError):  # and the walk above reaches what it says
        everything_before_the_first_step(config_file, "model.backbone.nonsense=1", tmp_path)
