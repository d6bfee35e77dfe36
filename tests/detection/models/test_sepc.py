from __future__ import annotations

import pytest
import torch

from custom.detection.models import SEPC

SIZES = (16, 8, 4, 2, 1)


def pyramid(channels: int, sizes=SIZES) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, channels, size, size) for size in sizes]


@pytest.mark.parametrize("ibn", [False, True])
@pytest.mark.parametrize("deform", [False, True])
def test_pairs_keep_sizes(ibn, deform) -> None:
    neck = SEPC(6, 8, stacked_convs=2, pconv_deform=deform, lcconv_deform=deform, ibn=ibn,
                lcconv_padding=1)  # fmt: skip
    outs = neck(pyramid(6))
    assert [tuple(classes.shape) for classes, _ in outs] == [(2, 8, s, s) for s in SIZES]
    assert [tuple(boxes.shape) for _, boxes in outs] == [(2, 8, s, s) for s in SIZES]
    sum(part.sum() for pair in outs for part in pair).backward()
    assert all(parameter.grad is not None for parameter in neck.parameters())


def test_without_padding_maps_lose_a_border() -> None:
    outs = SEPC(4, 4, stacked_convs=1)(pyramid(4, (16, 8, 4)))
    assert [classes.shape[-1] for classes, _ in outs] == [14, 6, 2]


def test_classes_and_boxes_have_kernels_of_their_own() -> None:
    neck = SEPC(4, 4, stacked_convs=1, lcconv_padding=1)
    with torch.no_grad():
        neck.lconv.weight.zero_()
    classes, boxes = neck(pyramid(4))[0]
    assert boxes.abs().max() == 0
    assert classes.abs().max() > 0


@pytest.mark.parametrize("norm_eval", [False, True])
def test_norm_eval_keeps_the_statistics(norm_eval) -> None:
    neck = SEPC(4, 4, stacked_convs=1, ibn=True, norm_eval=norm_eval, lcconv_padding=1).train()
    before = neck.pconvs[0].bn.running_mean.clone()
    neck(pyramid(4))
    assert torch.equal(before, neck.pconvs[0].bn.running_mean) == norm_eval
    assert neck.bn_cls.training != norm_eval


@pytest.mark.parametrize(
    ("flags", "trains"),
    [
        ({"pnorm_eval": False, "lcnorm_eval": False, "norm_eval": True}, (True, True)),
        ({"pnorm_eval": True, "lcnorm_eval": False}, (False, True)),
        # In UniverseNet's own SEPC this one holds for every norm in it.
        ({"pnorm_eval": False, "lcnorm_eval": True}, (False, False)),
    ],
)
def test_universenets_flags_are_for_its_two_kinds_of_norms(flags, trains) -> None:
    neck = SEPC(4, 4, stacked_convs=1, ibn=True, lcconv_padding=1, **flags).train()
    assert (neck.pconvs[0].bn.training, neck.bn_cls.training) == trains
    assert not neck.eval().bn_cls.training
