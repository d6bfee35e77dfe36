from __future__ import annotations

import pytest
import torch
from torch import nn

from custom.detection.models.classifier import adapt_rows
from custom.detection.models.init import adapt_state_dict, load_adapted, match_classes
from custom.errors import PodiumError

OLD = ("dog", "Cat ", "bird")
NEW = ("cat", "tree")
MATCHES = [(0, 1)]  # the new cat is the old cat


def numbered(*shape: int) -> torch.Tensor:
    return torch.arange(float(torch.Size(shape).numel())).view(shape)


def test_classes_match_by_name() -> None:
    assert match_classes(NEW, OLD) == MATCHES
    assert match_classes(None, OLD) == []


@pytest.mark.parametrize(
    ("name", "rows", "old_rows", "expected"),
    [
        # -1 is a row that stays fresh; the others name the old row.
        pytest.param("gfl_cls.bias", 2, 3, [1, -1], id="sigmoid"),
        pytest.param("fc_cls.bias", 3, 4, [1, -1, 3], id="softmax-with-background-last"),
        pytest.param("retina_cls.bias", 4, 6, [1, -1, 4, -1], id="two-anchors"),
        pytest.param(
            "convs.0.bias",
            14,
            16,
            [0, 1, 2, 3, 4, 6, -1, 8, 9, 10, 11, 12, 14, -1],
            id="yolov5-two-anchors-box-and-objectness-first",
        ),
        pytest.param("fc_reg.bias", 8, 12, [4, 5, 6, 7, -1, -1, -1, -1], id="four-sides-a-class"),
    ],
)
def test_rows_of_matched_classes_are_taken(name, rows, old_rows, expected) -> None:
    fresh, old = torch.full((rows,), -1.0), numbered(old_rows)
    adapted = adapt_rows(name, fresh, old, (len(NEW), len(OLD)), MATCHES)
    assert adapted.tolist() == expected
    assert fresh.tolist() == [-1.0] * rows, "the input is not modified"


@pytest.mark.parametrize(
    ("shape", "old_shape"),
    [
        pytest.param((5, 3), (7, 3), id="rows-that-are-no-multiple"),
        pytest.param((2, 3), (3, 4), id="other-inputs"),
        pytest.param((3,), (2,), id="more-rows-for-fewer-classes"),
    ],
)
def test_what_is_no_classifier_is_left(shape, old_shape) -> None:
    assert adapt_rows("x", torch.zeros(shape), torch.zeros(old_shape), (2, 4), MATCHES) is None


def test_every_entry_is_accounted_for() -> None:
    target = {"conv": numbered(2), "cls": torch.zeros(2, 5), "fc": numbered(4), "new": numbered(1)}
    source = {"conv": -numbered(2), "cls": numbered(3, 5), "fc": numbered(9), "old": numbered(1)}
    state, report = adapt_state_dict(target, source, NEW, OLD)
    assert list(state) == list(target)
    assert state["conv"].tolist() == source["conv"].tolist()
    assert state["cls"].tolist() == [source["cls"][1].tolist(), [0.0] * 5]
    assert report.loaded == ("conv",)
    assert report.adapted == ("cls",)
    assert report.fresh == ("fc",)
    assert report.missing == ("new",)
    assert report.unexpected == ("old",)
    assert report.classes == ("cat",)
    assert "classifier rows of cat taken" in str(report)


def test_without_names_the_classifier_stays_fresh() -> None:
    target, source = {"cls": torch.zeros(2, 5)}, {"cls": numbered(3, 5)}
    state, report = adapt_state_dict(target, source)
    assert report.fresh == ("cls",)
    assert state["cls"].tolist() == target["cls"].tolist()


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({"dataset_meta": {"classes": OLD}}, id="mmdet-3"),
        pytest.param({"CLASSES": OLD}, id="mmdet-2"),
    ],
)
def test_names_come_from_the_checkpoint(meta, tmp_path) -> None:
    model = nn.ModuleDict({"body": nn.Linear(2, 2), "cls": nn.Linear(2, len(NEW))})
    weight = numbered(len(OLD), 2)
    state = {"module.body.weight": numbered(2, 2), "module.cls.weight": weight}
    torch.save({"state_dict": state, "meta": meta}, tmp_path / "a.pth")
    report = load_adapted(model, tmp_path / "a.pth", NEW)
    assert report.adapted == ("cls.weight",)
    assert model["cls"].weight[0].tolist() == weight[1].tolist()
    assert model["body"].weight.tolist() == numbered(2, 2).tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"other.weight": torch.zeros(1)}, "none of its 1 entries fits", id="other"),
        pytest.param({"a": 1}, "must hold a state dict", id="no-tensors"),
        pytest.param([1], "must hold a dict, but holds a list", id="list"),
    ],
)
def test_unfit_checkpoints_are_refused(content, message, tmp_path) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(PodiumError, match=message):
        load_adapted(nn.Linear(2, 2), tmp_path / "a.pth")


def test_absent_and_broken_files_are_named(tmp_path) -> None:
    with pytest.raises(PodiumError, match=r"neither: .*absent\.pth"):
        load_adapted(nn.Linear(2, 2), tmp_path / "absent.pth")
    (tmp_path / "broken.pth").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(PodiumError, match=r"broken\.pth"):
        load_adapted(nn.Linear(2, 2), tmp_path / "broken.pth")
