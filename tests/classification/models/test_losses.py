import math

import pytest
import torch

from custom.classification.models.losses import sigmoid_loss, softmax_loss


def test_sigmoid_loss_is_the_mean_over_what_is_known():
    logits = torch.tensor([[0.0, 2.0], [0.0, 5.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    expected = (math.log(2) + math.log(1 + math.exp(2)) + math.log(2)) / 3
    assert sigmoid_loss(logits, targets).item() == pytest.approx(expected)


def test_softmax_loss_is_the_mean_over_rows_that_are_known():
    logits = torch.tensor([[1.0, 1.0, 1.0], [9.0, 0.0, 0.0]])
    targets = torch.tensor([[0.0, 1.0, 0.0], [-1.0, -1.0, -1.0]])
    assert softmax_loss(logits, targets).item() == pytest.approx(math.log(3))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # 0.1 of the target is shared by both outcomes: 1 becomes 0.95
        pytest.param(sigmoid_loss, -0.95 * math.log(1 / (1 + math.exp(-2))) - 0.05 * math.log(
            1 / (1 + math.exp(2))), id="sigmoid"),
        # of one class, whose share of the rest is all of it
        pytest.param(softmax_loss, 0.0, id="softmax of one class"),
    ],
)  # fmt: skip
def test_label_smoothing(loss, expected):
    value = loss(torch.tensor([[2.0]]), torch.tensor([[1.0]]), 0.1).item()
    assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", [sigmoid_loss, softmax_loss])
def test_unknown_targets_teach_nothing(loss):
    logits = torch.tensor([[0.3, -0.2]], requires_grad=True)
    value = loss(logits, torch.full((1, 2), -1.0), 0.1)
    value.backward()
    assert value.item() == 0
    assert logits.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("loss", [sigmoid_loss, softmax_loss])
def test_a_batch_without_regions_has_no_loss(loss):
    assert loss(torch.zeros(0, 2), torch.zeros(0, 2)).item() == 0
