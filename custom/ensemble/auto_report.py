"""What the automatic choice says: what was chosen, why, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from custom.ensemble.options import text_of
from custom.ensemble.search.selection import used_models
from custom.evaluation import Metric
from custom.files import PathLike

if TYPE_CHECKING:
    from custom.ensemble.search.auto import AutoResult, Candidate


def auto_lines(result: AutoResult, names: Sequence[str], metric: Metric) -> list[str]:
    """Return three lines: what was chosen, why, and its cross-validated score.

    Args:
        result: The choice.
        names: Of the models, in their order.
        metric: What decides.
    """
    return [
        f"auto: {_described(result.chosen, names)}, out of {result.num_candidates} fusions and "
        f"models alone, on {result.num_images} images",
        f"why: {_reason(result, names, metric)}",
        _cross_validated(result, names, metric),
    ]


def _described(candidate: Candidate, names: Sequence[str]) -> str:
    """Return a fusion as the options that give it, or a model as it is."""
    used = used_models(candidate.config, len(names))
    if candidate.is_alone:
        return f"{names[used[0]]} alone, as it is"
    options = text_of(candidate.config) + (" --dedupe" if candidate.dedupe else "")
    return f"{options} of {', '.join(names[k] for k in used)}"


def _reason(result: AutoResult, names: Sequence[str], metric: Metric) -> str:
    best = f"{_described(result.best, names)} ({metric.title} {result.best_value:.4f})"
    if result.fell_back:
        return f"{best} is best, but not above {names[result.single]} on images that did not choose"
    if result.chosen == result.best:
        return (
            f"the best ({metric.title} {result.value:.4f}), and nothing simpler is within its "
            "standard error"
        )
    return (
        f"{metric.title} {result.value:.4f}, the simplest within one standard error "
        f"({result.standard_error:.4f}) of the best, {best}"
    )


def _cross_validated(result: AutoResult, names: Sequence[str], metric: Metric) -> str:
    own, single = result.cross_validated, result.single_cross_validated
    low, high = own.interval
    comparison = result.comparison
    return (
        f"cross-validated over {result.num_folds} inner folds: {metric.title} {own.value:.4f} "
        f"(95%: {low:.4f} to {high:.4f}), best single model {single.value:.4f} "
        f"({names[result.single]}): {comparison}, {comparison.verdict}"
    )


def advice_line(result: AutoResult, names: Sequence[str], written: PathLike) -> str:
    """Return which file is to be sent, where nothing is significantly above the best model."""
    single = names[result.single]
    if result.chosen.is_alone:
        return f"nothing is significantly above {single} alone: I would send {written}, which is it"
    return (
        f"nothing is significantly above {single} alone: I would send {written} all the same, "
        "since its cross-validated score is the higher one"
    )
