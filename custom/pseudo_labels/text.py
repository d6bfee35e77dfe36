"""What was made, as text."""

from __future__ import annotations

from custom.pseudo_labels.command import Result


def render(result: Result) -> str:
    """Return a table of the classes, what was added, and the warnings."""
    lines = [f"{'class':20}{'score >=':>9}{'precision':>10}{'recall':>8}{'added':>8}"]
    for threshold in result.thresholds:
        if threshold.score_thr is None:
            lines.append(f"{threshold.name:20}{'-':>9}  not precise enough, or too few boxes")
            continue
        added = result.added.get(threshold.name, 0)
        shares = f"{threshold.precision:10.2f}{threshold.recall:8.2f}"
        lines.append(f"{threshold.name:20}{threshold.score_thr:9.3f}{shares}{added:8}")
    total = sum(result.added.values())
    lines.append(f"{total} boxes on {result.num_images} images")
    lines.append(f"{result.num_left_out} images without one were left out")
    lines += [f"WARNING: {sentence}" for sentence in result.warnings]
    folds = result.origin["unseen_folds"]
    which = f"fold {', '.join(map(str, folds))}" if folds else "no fold"
    lines.append(f"written {result.path}; {which} can evaluate a training on it")
    return "\n".join(lines)
