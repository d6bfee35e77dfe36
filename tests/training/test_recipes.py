"""Each recipe of docs/recipes.md, seen in its effect on a training of the toy detector."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.hooks import Hook

from custom.detection.losses import SmoothedCrossEntropyLoss
from custom.errors import PodiumError
from custom.testing.toy_config import FLIP, LOADERS, toy_model
from custom.testing.toy_data import make_toy_coco
from custom.training.configuration import RunOptions, load_config
from custom.training.inspection import inspect_config
from tests.training.seeding.toy_training import toy_runner

register_all_modules()

ONE_EPOCH = {"type": "EpochBasedTrainLoop", "max_epochs": 1}


class Watch(Hook):
    """Note what an iteration sees and does."""

    priority = "LOWEST"

    def __init__(self):
        self.rates, self.widths, self.weights, self.image_ids = [], [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.optimizer.param_groups[0]["lr"])
        self.widths += [image.shape[-1] for image in data_batch["inputs"]]
        self.image_ids += [sample.img_id for sample in data_batch["data_samples"]]

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.weights.append(runner.model.bbox_head.retina_cls.weight.detach().clone())


@pytest.fixture(scope="module")
def ann_file(tmp_path_factory) -> Path:
    return make_toy_coco(tmp_path_factory.mktemp("toy"))


def train(ann_file, tmp_path, **changes):
    changes = {"train_cfg": ONE_EPOCH, "param_scheduler": [], **changes}
    runner = toy_runner(ann_file, tmp_path, **changes)
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, watch


def averaged(tmp_path) -> torch.Tensor:
    checkpoint = torch.load(tmp_path / "last.pth", weights_only=False)
    return checkpoint["state_dict"]["bbox_head.retina_cls.weight"]


def test_ema(ann_file, tmp_path):
    hook = {"type": "EMAHook", "momentum": 0.25}
    _, watch = train(ann_file, tmp_path, custom_hooks=[hook])
    expected = watch.weights[0]
    for weights in watch.weights[1:]:
        expected = 0.75 * expected + 0.25 * weights
    assert torch.allclose(averaged(tmp_path), expected, atol=1e-6)


def test_swa(ann_file, tmp_path):
    hook = {"type": "EMAHook", "ema_type": "StochasticWeightAverage", "begin_iter": 3}
    _, watch = train(ann_file, tmp_path, custom_hooks=[hook])
    # From the third iteration on: the plain mean of the weights after it.
    expected = torch.stack(watch.weights[2:]).mean(dim=0)
    assert torch.allclose(averaged(tmp_path), expected, atol=1e-6)


def test_accumulation(ann_file, tmp_path):
    optimizer = {"type": "SGD", "lr": 0.01}
    wrapper = {"type": "OptimWrapper", "optimizer": optimizer, "accumulative_counts": 2}
    _, watch = train(ann_file, tmp_path, optim_wrapper=wrapper)
    moved = [not torch.equal(a, b) for a, b in zip(watch.weights, watch.weights[1:], strict=False)]
    assert moved == [True, False, True]  # after iterations 2, 3 and 4: steps at 2 and 4


def test_amp(ann_file, tmp_path, monkeypatch):
    # MMEngine refuses it on a CPU, where autocast to bfloat16 works all the same.
    wrapper_module = "mmengine.optim.optimizer.amp_optimizer_wrapper"
    monkeypatch.setattr(f"{wrapper_module}.is_cuda_available", lambda: True)
    optimizer = {"type": "SGD", "lr": 0.01}
    wrapper = {"type": "AmpOptimWrapper", "optimizer": optimizer, "dtype": "bfloat16"}
    runner = toy_runner(ann_file, tmp_path, train_cfg=ONE_EPOCH, optim_wrapper=wrapper)
    types = []
    runner.model.backbone.layer1.register_forward_hook(lambda *a: types.append(a[-1].dtype))
    runner.train()
    assert set(types) == {torch.bfloat16}
    assert averaged(tmp_path).dtype == torch.float32


def test_multi_scale(ann_file, tmp_path):
    scales = [(64, 64), (96, 96), (128, 128)]
    resize = {"type": "RandomChoiceResize", "scales": scales, "keep_ratio": True}
    loader = toy_runner(ann_file, tmp_path).cfg.train_dataloader.to_dict()
    loader["dataset"]["pipeline"] = [*LOADERS, resize, *FLIP[2:]]
    _, watch = train(
        ann_file,
        tmp_path,
        train_dataloader=loader,
        train_cfg={"type": "EpochBasedTrainLoop", "max_epochs": 2},
    )
    assert set(watch.widths) == {64, 96, 128}


def test_cosine_with_warm_up(ann_file, tmp_path):
    schedule = [
        {"type": "LinearLR", "start_factor": 0.5, "by_epoch": False, "begin": 0, "end": 2},
        {"type": "CosineAnnealingLR", "by_epoch": False, "begin": 2, "end": 4, "T_max": 2},
    ]
    _, watch = train(ann_file, tmp_path, param_scheduler=schedule)
    half = 0.01 * (1 + np.cos(np.pi / 2)) / 2
    assert watch.rates == pytest.approx([0.005, 0.01, 0.01, half])


def test_steps(ann_file, tmp_path):
    schedule = [{"type": "MultiStepLR", "by_epoch": False, "milestones": [1, 3], "gamma": 0.1}]
    _, watch = train(ann_file, tmp_path, param_scheduler=schedule)
    assert watch.rates == pytest.approx([0.01, 0.001, 0.001, 0.0001])


def test_class_balanced_sampling(ann_file, tmp_path):
    loader = toy_runner(ann_file, tmp_path).cfg.train_dataloader.to_dict()
    loader["sampler"] = {"type": "ClassBalancedSampler", "oversample_thr": 1.0}
    runner, watch = train(ann_file, tmp_path, train_dataloader=loader)
    labels = runner.train_dataloader.dataset.image_labels
    rare = min((0, 1, 2), key=lambda c: sum(c in found for found in labels) or 99)
    with_rare = [i for i, found in enumerate(labels) if rare in found]
    assert len(watch.image_ids) > len(labels)
    assert all(watch.image_ids.count(index) >= 2 for index in with_rare)


def test_label_smoothing(ann_file, tmp_path):
    loss = SmoothedCrossEntropyLoss(label_smoothing=0.3, loss_weight=2.0)
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    log = logits.log_softmax(dim=1)[0]
    # Class 0 of three: targets 0.7 + 0.1, 0.1 and 0.1.
    expected = -2.0 * float(0.8 * log[0] + 0.1 * log[1] + 0.1 * log[2])
    assert float(loss(logits, torch.tensor([0]))) == pytest.approx(expected)
    model = toy_model()
    model["bbox_head"]["loss_cls"] = {"type": "SmoothedCrossEntropyLoss", "label_smoothing": 0.1}
    train(ann_file, tmp_path, model=model)


def test_label_smoothing_is_for_softmax():
    with pytest.raises(PodiumError, match="softmax"):
        SmoothedCrossEntropyLoss(use_sigmoid=True)
    with pytest.raises(PodiumError, match=r"in \[0, 1\)"):
        SmoothedCrossEntropyLoss(1.0)


CONFIGS = Path(__file__).parents[2] / "configs"


def config_file(folder: Path, base: str, line: str) -> Path:
    """Write a config that adds one line to another."""
    path = folder / "config_file.py"
    path.write_text(f'_base_ = "{CONFIGS / base}"\n{line}\n')
    return path


def test_multi_scale_is_one_line_of_a_config(tmp_path):
    line = "multi_scale = [(320, 256), (384, 288)]"
    path = config_file(tmp_path, "bccd/universenet_nano.py", line)
    assert [f for f in inspect_config(path) if f.level == "warning"] == []
    config = load_config(path, RunOptions())
    resize = {
        "type": "RandomChoiceResize",
        "scales": [(320, 256), (384, 288)],
        "keep_ratio": True,
    }
    assert config.train_dataloader.dataset.pipeline[2] == resize
    assert config.val_dataloader.dataset.pipeline[1].type == "Resize"


def test_label_smoothing_is_one_line_of_a_config(tmp_path):
    path = config_file(tmp_path, "trash/swin_t_cascade.py", "label_smoothing = 0.2")
    assert [f for f in inspect_config(path) if f.level == "warning"] == []
    detector = MODELS.build(load_config(path, RunOptions(pretrained=False)).model)
    losses = [head.loss_cls for head in detector.roi_head.bbox_head]
    assert [loss.label_smoothing for loss in losses] == [0.2] * 3
    assert not isinstance(detector.rpn_head.loss_cls, SmoothedCrossEntropyLoss)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("label_smoothing = 0.1", "has none; take it out", id="no softmax"),
        pytest.param(
            "multi_scale = [(9, 9)]\ntrain_dataloader = dict(dataset=dict(pipeline=[]))",
            "one Resize with a scale, but there are 0",
            id="no Resize",
        ),
    ],
)
def test_a_recipe_that_would_change_nothing_is_refused(tmp_path, line, message):
    with pytest.raises(PodiumError, match=message):
        load_config(config_file(tmp_path, "bccd/yolox_nano.py", line), RunOptions())
