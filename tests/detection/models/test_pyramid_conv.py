from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from custom.detection.models.pyramid_conv import LevelConv, PyramidConv, integrated_norm


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [
        pytest.param((9, 7), 1, 1, id="same"),
        pytest.param((9, 7), 2, 1, id="stride-2"),
        pytest.param((9, 7), 1, 0, id="no-padding"),
        pytest.param((1, 1), 1, 1, id="one-pixel"),
        pytest.param((2, 5), 1, 1, id="lower-than-kernel"),
        pytest.param((1, 2), 2, 1, id="smaller-than-kernel-stride-2"),
    ],
)
def test_undeformed_kernel_is_a_convolution(size, stride, padding) -> None:
    torch.manual_seed(0)
    conv = LevelConv(4, 5, stride=stride, padding=padding, deform=True)
    nn.init.normal_(conv.bias)
    x = torch.randn(2, 4, *size)
    expected = F.conv2d(x, conv.weight, conv.bias, stride, padding)
    torch.testing.assert_close(conv(x, level=1), expected, atol=1e-5, rtol=1e-4)


def test_offset_moves_the_samples() -> None:
    conv = LevelConv(1, 1, kernel_size=1, padding=0, deform=True)
    nn.init.ones_(conv.weight)
    with torch.no_grad():
        conv.conv_offset.bias.copy_(torch.tensor([0.0, 1.0]))  # dy, dx: one pixel to the right
    x = torch.arange(6.0).view(1, 1, 2, 3)
    moved = [[1.0, 2.0, 0.0], [4.0, 5.0, 0.0]]
    assert conv(x, level=1)[0, 0].tolist() == moved
    assert conv(x, level=0)[0, 0].tolist() == x[0, 0].tolist(), "the finest level is not deformed"


def test_small_map_deforms_as_part_of_a_larger_one() -> None:
    torch.manual_seed(0)
    conv = LevelConv(2, 3, deform=True)
    nn.init.normal_(conv.conv_offset.weight, std=0.5)
    small = torch.randn(1, 2, 2, 2)
    offset = conv.conv_offset(small)
    large, large_offset = F.pad(small, (0, 3, 0, 3)), F.pad(offset, (0, 3, 0, 3))
    expected = conv._deform(large, large_offset)[..., :2, :2]
    torch.testing.assert_close(conv._deform(small, offset), expected)


def test_norm_is_integrated_over_levels() -> None:
    features = [
        torch.tensor([1.0, 3.0]).view(1, 1, 1, 2),
        torch.tensor([5.0, 7.0]).view(1, 1, 2, 1),
    ]
    first, second = integrated_norm(features, nn.BatchNorm2d(1, eps=1e-12))
    std = 5**0.5  # mean 4, variance (9 + 1 + 1 + 9) / 4
    torch.testing.assert_close(first.flatten(), torch.tensor([-3 / std, -1 / std]))
    torch.testing.assert_close(second.flatten(), torch.tensor([1 / std, 3 / std]))
    assert first.shape == (1, 1, 1, 2)
    assert second.shape == (1, 1, 2, 1)


def test_each_level_sees_itself_and_its_neighbours() -> None:
    conv = PyramidConv(1, 1)
    for kernel, value in zip(conv.pconv, (100.0, 10.0, 1.0), strict=True):
        nn.init.zeros_(kernel.weight)
        with torch.no_grad():
            kernel.weight[0, 0, 1, 1] = value  # coarser, same, finer
    features = [torch.full((1, 1, size, size), 1.0 + level) for level, size in enumerate((8, 4, 2))]
    means = [out.mean().item() for out in conv(features)]
    assert means == [
        1 * 10 + 2 * 100,  # finest: nothing finer
        2 * 10 + 3 * 100 + 1 * 1,
        3 * 10 + 2 * 1,  # coarsest: nothing coarser
    ]
