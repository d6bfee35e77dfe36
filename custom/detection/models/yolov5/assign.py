"""Which anchors of which cells are to find which box: the target assignment of YOLOv5."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LevelTargets:
    """The positives of one level; one row each, so that a box may own up to 3 cells x A anchors.

    Attributes:
        images: Index in the batch, (P,).
        anchors: Index of the anchor, (P,).
        rows: Row of the cell, (P,).
        columns: Column of the cell, (P,).
        bboxes: Box to find in units of cells, cx, cy, w, h; the centre from the cell's corner, so
            between -0.5 and 1.5; (P, 4).
        labels: Class to find, (P,).
    """

    images: Tensor
    anchors: Tensor
    rows: Tensor
    columns: Tensor
    bboxes: Tensor
    labels: Tensor


def match_anchors(sizes: Tensor, anchors: Tensor, ratio_thr: float) -> Tensor:
    """Find the anchors whose sides differ from the box's by a factor below the threshold.

    Args:
        sizes: Width and height of the boxes, (N, 2).
        anchors: Width and height of the anchors in the same unit, (A, 2).
        ratio_thr: Largest factor, exclusive; 4 because a prediction reaches (2 * sigmoid) ** 2.

    Returns:
        Boolean, (N, A).
    """
    ratio = sizes[:, None] / anchors[None]
    return torch.maximum(ratio, 1 / ratio).amax(dim=2) < ratio_thr


def owning_cells(centers: Tensor, grid_wh: Tensor) -> tuple[Tensor, Tensor]:
    """Give each centre its own cell and the nearest neighbours, at most one across and one along.

    Args:
        centers: In units of cells, x and y, (N, 2).
        grid_wh: Number of cells, width and height, (2,).

    Returns:
        Which box each row belongs to (P,), and the cells (P, 2), column and row, inside the grid.
    """
    ahead = grid_wh - centers
    nearer_before = (centers % 1 < 0.5) & (centers > 1)  # left of, above
    nearer_after = (ahead % 1 < 0.5) & (ahead > 1)  # right of, below
    own = torch.ones_like(nearer_before[:, :1])
    chosen = torch.cat([own, nearer_before, nearer_after], dim=1)  # (N, 5)
    steps = centers.new_tensor([[0, 0], [-0.5, 0], [0, -0.5], [0.5, 0], [0, 0.5]])
    box, step = chosen.nonzero(as_tuple=True)
    cells = (centers[box] + steps[step]).floor().long()
    return box, torch.minimum(cells.clamp(min=0), grid_wh.long() - 1)


def assign_level(
    bboxes: Tensor,
    labels: Tensor,
    images: Tensor,
    anchors: Tensor,
    stride: int,
    grid_hw: tuple[int, int],
    ratio_thr: float = 4.0,
) -> LevelTargets:
    """Assign the boxes of a batch to anchors and cells of one level.

    Args:
        bboxes: (N, 4), xyxy, pixels. N may be 0.
        labels: (N,).
        images: Index in the batch of each box, (N,).
        anchors: Width and height in units of cells, (A, 2).
        stride: Pixels a cell.
        grid_hw: Cells of the level.
        ratio_thr: See `match_anchors`.

    Returns:
        The positives.

    Source: the rule published with YOLOv5 release 6: sides within a factor of 4, and the two
        cells nearest to the centre beside its own.
    """
    boxes = bboxes / stride
    centers, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    box, anchor = match_anchors(sizes, anchors, ratio_thr).nonzero(as_tuple=True)
    grid_wh = bboxes.new_tensor([grid_hw[1], grid_hw[0]])
    row, cells = owning_cells(centers[box], grid_wh)
    box, anchor = box[row], anchor[row]
    return LevelTargets(
        images=images[box],
        anchors=anchor,
        rows=cells[:, 1],
        columns=cells[:, 0],
        bboxes=torch.cat([centers[box] - cells, sizes[box]], dim=1),
        labels=labels[box],
    )
