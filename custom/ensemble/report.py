"""What a search and a judgement say, as lines to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from custom.ensemble.pipeline import Judgement

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult


def judgement_lines(judgement: Judgement | None) -> list[str]:
    """Return the table of models and ensemble, and a warning where fusing is no gain."""
    if judgement is None:
        return ["WARNING: not scored, since no labelled images are known; name them with --ann"]
    width = max(len("ENSEMBLE"), *map(len, judgement.singles))
    low, high = judgement.interval
    lines = [f"{'model':{width}}  val mAP50"]
    lines += [f"{name:{width}}  {value:.4f}" for name, value in judgement.singles.items()]
    lines.append(f"{'ENSEMBLE':{width}}  {judgement.fused:.4f}  (95%: {low:.4f} to {high:.4f})")
    lines += [f"WARNING: {note}" for note in judgement.notes]
    if not judgement.is_gain:
        lines.append(
            f"WARNING: the ensemble ({judgement.fused:.4f}) is not above the best single model "
            f"({judgement.best_single:.4f}); submit that one, or try another --method"
        )
    return lines


def search_lines(result: SearchResult, names: Sequence[str]) -> list[str]:
    """Return what the search found beside what it must beat, and what each model adds."""
    rows = {"found by the search": result.chosen, **result.references}
    width = max(map(len, rows))
    lines = [f"{'':{width}}  in sample  honest"]
    lines += [f"{k:{width}}  {v.in_sample:9.4f}  {v.honest:.4f}" for k, v in rows.items()]
    lines.append(
        f"honest: chosen without each of {result.settings.parts} parts of {result.num_images} "
        "images in turn, scored on it, averaged"
    )
    for step in result.steps:
        lines.append(f"with {names[step.model]}: {step.value:.4f}")
    for each in result.contributions:
        gain = f"{each.gain:+.4f} (95%: {each.low:+.4f} to {each.high:+.4f})"
        lines.append(f"without {names[each.model]} it would lose {gain}")
    if not result.is_gain:
        lines.append(
            "WARNING: the honest number is not above every reference: use the best of them"
        )
    return lines
