from __future__ import annotations

import pytest
import torch

from custom.detection.models.yolov5.assign import assign_level, match_anchors, owning_cells


@pytest.mark.parametrize(
    ("size", "matches"),
    [
        pytest.param((4.0, 4.0), True, id="equal"),
        pytest.param((15.9, 4.0), True, id="just-below-four-times"),
        pytest.param((16.0, 4.0), False, id="four-times"),
        pytest.param((4.0, 1.1), True, id="just-above-a-quarter"),
        pytest.param((4.0, 1.0), False, id="a-quarter"),
    ],
)
def test_anchors_match_by_ratio(size, matches) -> None:
    assert match_anchors(torch.tensor([size]), torch.tensor([[4.0, 4.0]]), 4.0).item() == matches


@pytest.mark.parametrize(
    ("center", "cells"),
    [
        pytest.param((2.3, 3.4), {(2, 3), (1, 3), (2, 2)}, id="nearer-left-and-top"),
        pytest.param((2.7, 3.8), {(2, 3), (3, 3), (2, 4)}, id="nearer-right-and-bottom"),
        pytest.param((2.5, 3.5), {(2, 3)}, id="in-the-middle"),
        pytest.param((0.3, 0.2), {(0, 0)}, id="no-cell-before-the-first"),
        pytest.param((7.9, 5.9), {(7, 5)}, id="no-cell-behind-the-last"),
        pytest.param((8.0, 6.0), {(7, 5)}, id="on-the-far-corner"),
    ],
)
def test_cells_near_the_centre_own_it(center, cells) -> None:
    box, found = owning_cells(torch.tensor([center]), torch.tensor([8.0, 6.0]))
    assert {tuple(cell) for cell in found.tolist()} == cells
    assert set(box.tolist()) == {0}


def test_targets_of_a_level() -> None:
    # Stride 8: centre (2.5, 3.5) cells, size 4 x 2 cells; the second anchor is too large for it.
    bboxes = torch.tensor([[4.0, 20.0, 36.0, 36.0]])
    anchors = torch.tensor([[4.0, 4.0], [20.0, 20.0]])
    targets = assign_level(bboxes, torch.tensor([7]), torch.tensor([1]), anchors, 8, (6, 8))
    assert targets.images.tolist() == [1]
    assert targets.anchors.tolist() == [0]
    assert (targets.rows.tolist(), targets.columns.tolist()) == ([3], [2])
    assert targets.labels.tolist() == [7]
    torch.testing.assert_close(targets.bboxes, torch.tensor([[0.5, 0.5, 4.0, 2.0]]))


def test_no_boxes_give_no_targets() -> None:
    none = torch.zeros(0, dtype=torch.long)
    targets = assign_level(torch.zeros(0, 4), none, none, torch.ones(3, 2), 8, (4, 4))
    assert targets.bboxes.shape == (0, 4)
    assert len(targets.images) == len(targets.rows) == 0


def test_offsets_stay_within_reach_of_the_prediction() -> None:
    torch.manual_seed(0)
    corners = torch.rand(200, 2) * 200
    bboxes = torch.cat([corners, corners + torch.rand(200, 2) * 40 + 8], dim=1).clamp(max=255)
    labels = torch.zeros(200, dtype=torch.long)
    anchors = torch.tensor([[2.0, 2.0], [4.0, 4.0]])
    targets = assign_level(bboxes, labels, labels, anchors, 8, (32, 32))
    assert len(targets.labels) > 400
    assert targets.bboxes[:, :2].min() >= -0.5
    assert targets.bboxes[:, :2].max() <= 1.5
    assert targets.rows.min() >= 0
    assert targets.columns.max() < 32
