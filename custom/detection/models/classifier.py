"""Take single classes out of a classifier's weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

# Heads whose outputs go class by class with several values each, instead of by anchor.
CLASS_MAJOR = ("fc_reg.weight", "fc_reg.bias")
BACKGROUND_ROWS = 1  # a softmax has one row more than classes, the last
BOX_ROWS = 5  # YOLOv5 has x, y, w, h and objectness before the classes


def adapt_rows(
    name: str,
    fresh: Tensor,
    old: Tensor,
    counts: tuple[int, int],
    matches: Sequence[tuple[int, int]],
) -> Tensor | None:
    """Copy the rows of matched classes, and the rows that belong to no class.

    The first axis of a classifier is `groups * (shared + classes)`: a group an anchor; shared are
    a softmax's background (behind the classes) or box and objectness of YOLOv5 (before them).

    Args:
        name: Of the entry, which tells a box regressor from a classifier.
        fresh: The new entry; its rows stay where there is no match. Not modified.
        old: The entry to copy from.
        counts: Number of classes, new and old.
        matches: Pairs of labels, (new, old).

    Returns:
        The adapted entry; None if this is no classifier of that many classes, or has no row to
        copy.
    """
    layout = _layout(fresh, old, counts)
    if layout is None or not (matches or layout[1]):
        return None
    groups, shared = layout
    if name.endswith(CLASS_MAJOR):
        return _by_class(fresh, old, groups, matches) if shared == 0 else None
    new_classes, old_classes = counts
    first = shared if shared == BOX_ROWS else 0
    rest = fresh.shape[1:]
    into = fresh.clone().view(groups, shared + new_classes, *rest)
    from_ = old.reshape(groups, shared + old_classes, *rest)
    if first:
        into[:, :shared] = from_[:, :shared]
    elif shared:
        into[:, -shared:] = from_[:, -shared:]
    for new, label in matches:
        into[:, first + new] = from_[:, first + label]
    return into.view(fresh.shape)


def _layout(fresh: Tensor, old: Tensor, counts: tuple[int, int]) -> tuple[int, int] | None:
    """Solve `rows = groups * (shared + classes)` for both entries."""
    new_classes, old_classes = counts
    if new_classes == old_classes or fresh.dim() == 0 or fresh.shape[1:] != old.shape[1:]:
        return None
    groups, remainder = divmod(old.shape[0] - fresh.shape[0], old_classes - new_classes)
    if remainder or groups < 1 or fresh.shape[0] % groups:
        return None
    shared = fresh.shape[0] // groups - new_classes
    return (groups, shared) if shared in (0, BACKGROUND_ROWS, BOX_ROWS) else None


def _by_class(
    fresh: Tensor, old: Tensor, values: int, matches: Sequence[tuple[int, int]]
) -> Tensor:
    into = fresh.clone().view(-1, values, *fresh.shape[1:])
    from_ = old.reshape(-1, values, *fresh.shape[1:])
    for new, label in matches:
        into[new] = from_[label]
    return into.view(fresh.shape)
