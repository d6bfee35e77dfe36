import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.testing.killed_trainings import different_tensors, trained_state
from custom.testing.toy_data import make_toy_coco
from custom.training.hooks import find_resume_point
from tests.training.seeding.toy_training import RecordHook, toy_runner

ROOT = Path(__file__).resolve().parents[3]
META = ("img_id", "ori_shape", "img_shape", "scale_factor")


@pytest.fixture(scope="module")
def ann_file(tmp_path_factory) -> Path:
    return make_toy_coco(tmp_path_factory.mktemp("toy"), num_images=10)


def train(ann_file: Path, work_dir: Path, seed: int = 42, **changes) -> list[list[int]]:
    runner = toy_runner(ann_file, work_dir, seed, **changes)
    recorder = RecordHook()
    runner.register_hook(recorder)
    runner.train()
    return recorder.image_ids


def process(options: dict, **env: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.training.seeding.toy_training", json.dumps(options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not(ann_file, tmp_path):
    for name, seed in (("one", 42), ("two", 42), ("other", 43)):
        train(ann_file, tmp_path / name, seed)
    one, two, other = (
        trained_state(tmp_path / name / "last.pth") for name in ("one", "two", "other")
    )
    assert different_tensors(one, two) == []
    assert "state_dict" in different_tensors(one, other)[0].split(".")


def test_workers_do_not_matter(ann_file, tmp_path):
    loader = toy_runner(ann_file, tmp_path / "none").cfg.train_dataloader.to_dict()
    train(ann_file, tmp_path / "none")
    train(
        ann_file,
        tmp_path / "two",
        train_dataloader={**loader, "num_workers": 2, "persistent_workers": True},
    )
    assert (
        different_tensors(
            trained_state(tmp_path / "none/last.pth"), trained_state(tmp_path / "two/last.pth")
        )
        == []
    )


def test_resuming_at_the_end_of_an_epoch_repeats_its_validation(ann_file, tmp_path):
    validate = {
        "val_dataloader": {
            "batch_size": 2,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "dataset": {
                "type": "CompetitionDataset",
                "data_root": str(ann_file.parent),
                "ann_file": ann_file.name,
                "data_prefix": {"img": ""},
                "test_mode": True,
                "pipeline": [
                    {"type": "LoadImageFromFile"},
                    {"type": "Resize", "scale": (64, 64)},
                    {"type": "PackDetInputs", "meta_keys": META},
                ],
            },
        },
        "val_cfg": {"type": "ValLoop"},
        "val_evaluator": {"type": "CocoMetric", "ann_file": str(ann_file)},
    }
    train(ann_file, tmp_path / "run", **validate)
    runner = toy_runner(
        ann_file,
        tmp_path / "run",
        **validate,
        resume=True,
        load_from=str(tmp_path / "run/epoch_2.pth"),
    )
    epochs = []
    runner.val_loop.run = lambda: epochs.append(runner.epoch)
    runner.train()
    assert epochs == [2]


@pytest.mark.slow
def test_two_processes_draw_different_samples_together_each_once(ann_file, tmp_path):
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    options = {
        "ann_file": str(ann_file),
        "work_dir": str(tmp_path / "run"),
        "record": str(tmp_path / "drawn"),
        "launcher": "pytorch",
        "env_cfg": {"dist_cfg": {"backend": "gloo"}},
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 1},
    }
    env = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    pair = [process(options, RANK=str(r), LOCAL_RANK=str(r), **env) for r in range(2)]
    for one in pair:
        assert one.wait() == 0, one.stderr.read()
    drawn = [json.loads((tmp_path / f"drawn.{rank}.json").read_text()) for rank in range(2)]
    first, second = ([i for batch in batches for i in batch] for batches in drawn)
    assert set(first) & set(second) == set()
    assert sorted(first + second) == list(range(10))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"param_scheduler": [{"type": "ConstantLR", "by_epoch": False}]},
            r"param_scheduler\.0\.type: LinearLR -> ConstantLR",
            id="schedule",
        ),
        pytest.param(
            {"train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 3}},
            r"train_cfg\.max_epochs: 2 -> 3",
            id="epochs",
        ),
        pytest.param({"seed": 43}, r"randomness\.seed: 42 -> 43", id="seed"),
    ],
)
def test_resuming_with_another_config_is_refused(ann_file, tmp_path, change, message):
    train(ann_file, tmp_path / "run")
    point = str(find_resume_point(tmp_path / "run"))
    with pytest.raises(PodiumError, match=message):
        train(ann_file, tmp_path / "run", **change, resume=True, load_from=point)


def test_an_accepted_change_holds(ann_file, tmp_path):
    train(ann_file, tmp_path / "run")
    milestones = [{"type": "MultiStepLR", "by_epoch": False, "milestones": [3, 12], "gamma": 0.1}]
    runner = toy_runner(
        ann_file,
        tmp_path / "run",
        train_cfg={"type": "EpochBasedTrainLoop", "max_epochs": 3},
        param_scheduler=milestones,
        optim_wrapper={"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.5}},
        custom_hooks=[{"type": "ResumePointHook", "accept_changes": True}],
        resume=True,
        load_from=str(find_resume_point(tmp_path / "run")),
    )
    rates = []
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    step = runner.optim_wrapper.update_params
    runner.optim_wrapper.update_params = lambda loss: (
        rates.append(runner.optim_wrapper.optimizer.param_groups[0]["lr"]),
        step(loss),
    )
    runner.train()
    # Ten iterations are done, past the first milestone; the second comes after twelve.
    assert rates == pytest.approx([0.05, 0.05, 0.005, 0.005, 0.005])


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        pytest.param({"sampler": {"type": "InfiniteSampler"}}, "InfiniteSampler", id="sampler"),
        pytest.param(
            {"dataset": {"type": "MultiImageMixDataset"}}, "but is MultiImageMix", id="wrapper"
        ),
    ],
)
def test_what_cannot_follow_the_seed_is_refused(ann_file, tmp_path, loader, message):
    base = toy_runner(ann_file, tmp_path).cfg.train_dataloader.to_dict()
    if "dataset" in loader:
        inner = base["dataset"]
        loader = {"dataset": {**loader["dataset"], "dataset": inner, "pipeline": []}}
    with pytest.raises(PodiumError, match=message):
        train(ann_file, tmp_path, train_dataloader={**base, **loader})
