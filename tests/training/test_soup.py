import pytest
import torch
from torch import nn

from custom.errors import PodiumError
from custom.training.soup import (
    average,
    greedy_soup,
    read_state,
    recompute_batch_norm,
    uniform_soup,
    write_soup,
)


def state(value: float, count: int = 7) -> dict[str, torch.Tensor]:
    return {"w": torch.full((2,), value), "num_batches_tracked": torch.tensor(count)}


@pytest.fixture
def saved(tmp_path):
    def save(*values: float):
        paths = []
        for value in values:
            paths.append(tmp_path / f"{value}.pth")
            torch.save({"state_dict": state(value)}, paths[-1])
        return paths

    return save


def test_the_mean_of_weights_and_the_first_s_counters():
    mean = average([state(1.0, 7), state(2.0, 9), state(6.0, 9)])
    assert mean["w"].tolist() == [3.0, 3.0]
    assert mean["num_batches_tracked"] == 7
    assert mean["w"].dtype == torch.float32


def test_the_order_makes_no_difference():
    rng = torch.Generator().manual_seed(0)
    states = [{"w": torch.randn(1000, generator=rng)} for _ in range(5)]
    assert torch.equal(average(states)["w"], average(states[::-1])["w"])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param({"v": torch.zeros(2)}, r"w has shape \(2,\) in .* and None", id="entry"),
        pytest.param({"w": torch.zeros(3)}, r"\(2,\) in .* and \(3,\)", id="shape"),
    ],
)
def test_other_models_are_refused(other, message):
    with pytest.raises(PodiumError, match=message):
        average([{"w": torch.zeros(2)}, other])


def test_a_greedy_soup_keeps_what_does_not_harm(saved):
    # The score falls with the distance to 3: alone 4 scores best, and 2 completes it to 3.
    def score(weights):
        return 1.0 - abs(float(weights["w"][0]) - 3.0) / 10

    soup = greedy_soup(saved(9.0, 4.0, 1.9), score)
    assert [path.stem for path in soup.members] == ["4.0", "1.9"]
    assert soup.state["w"].tolist() == pytest.approx([2.95, 2.95])
    assert soup.scores["soup"] == pytest.approx(1 - 0.05 / 10)


def test_a_greedy_soup_is_never_below_its_best_member(saved):
    soup = greedy_soup(saved(3.0, 8.0), lambda weights: -abs(float(weights["w"][0]) - 3.0))
    assert [path.stem for path in soup.members] == ["3.0"]


def test_a_score_that_is_no_number_is_refused(saved):
    with pytest.raises(PodiumError, match="NaN"):
        greedy_soup(saved(1.0), lambda weights: float("nan"))


def test_a_soup_is_written_with_its_members(saved, tmp_path):
    soup = uniform_soup(saved(1.0, 3.0))
    write_soup(soup, tmp_path / "soup.pth")
    assert read_state(tmp_path / "soup.pth")["w"].tolist() == [2.0, 2.0]
    meta = torch.load(tmp_path / "soup.pth", weights_only=True)["meta"]
    assert [name.rsplit("/", 1)[-1] for name in meta["soup"]] == ["1.0.pth", "3.0.pth"]


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_a_broken_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(PodiumError, match=r"cannot read the checkpoint .*a\.pth"):
        read_state(tmp_path / "a.pth")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.adapting, self.frozen = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
        self.frozen.weight.requires_grad_(False)

    def data_preprocessor(self, batch, training):
        return {"x": batch}

    def forward(self, x, mode):
        return self.frozen(self.adapting(x))


def test_batch_norm_is_the_mean_over_the_batches():
    net = Net().eval()
    net.adapting.running_mean.fill_(99.0)
    batches = [torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])]
    assert recompute_batch_norm(net, batches) == 1
    assert net.adapting.running_mean.tolist() == [(2 + 6) / 2]
    assert net.adapting.running_var.tolist() == [2.0]  # unbiased: ((1)**2 + (1)**2) / 1
    assert net.frozen.running_mean.tolist() == [0.0]
    assert net.adapting.momentum == 0.1
    assert not net.training
    assert not net.adapting.training
