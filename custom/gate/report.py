"""A verdict as text."""

from __future__ import annotations

from custom.evaluation.metrics import metric_of
from custom.gate.verdict import Change, Verdict

# Nobody finds or labels more than so many times the val images, nor trains so many seeds.
_OUT_OF_REACH = 50
_HEADER = f"{'':<18}{'boxes':>7}{'baseline':>10}{'new':>9}{'change':>10}   interval"


def format_verdict(verdict: Verdict) -> str:
    """Return the verdict as lines of text: the decision first, then what it rests on."""
    overall, sign = verdict.overall, metric_of(verdict.policy.metric).sign
    lines = [
        f"{verdict.decision.upper()}: {overall.name} {overall.difference:+.4f} "
        f"[{overall.low:+.4f}, {overall.high:+.4f}], {verdict.reason}.",
        f"{verdict.num_images} val images, {_side(verdict)}; {verdict.confidence:.4g} confidence, "
        f"p = {verdict.p_value:.3g}.",
        "",
        _HEADER,
        _row(overall),
        *(_row(change) for change in sorted(verdict.per_class, key=lambda c: sign * c.difference)),
        "",
        *verdict.notes,
        *_needed(verdict),
    ]
    return "\n".join(lines)


def _side(verdict: Verdict) -> str:
    folds = [str(fold) for fold in verdict.folds if fold is not None]
    where = f"fold{'s' * (len(folds) > 1)} {', '.join(folds)}" if folds else "no folds"
    return f"{where}, {verdict.num_new} new against {verdict.num_baseline} baseline"


def _row(change: Change) -> str:
    """Return one line of the table."""
    return (
        f"{change.name[:17]:<18}{change.num_boxes:>7}{change.baseline:>10.4f}{change.new:>9.4f}"
        f"{change.difference:>+10.4f}   [{change.low:+.4f}, {change.high:+.4f}]"
    )


def _needed(verdict: Verdict) -> list[str]:
    """Say what would settle it, where it is inconclusive."""
    if verdict.needed is None:
        return []
    needed, ways = verdict.needed, []
    if needed.images is not None and needed.images <= _OUT_OF_REACH * verdict.num_images:
        times = needed.images / verdict.num_images
        ways.append(f"{needed.images:,} val images in all ({times:.1f} times as many: more folds)")
    if needed.seeds is not None and needed.seeds <= _OUT_OF_REACH:
        ways.append(f"{needed.seeds} seed{'s' * (needed.seeds != 1)} a side")
    if not ways and needed.times is not None and needed.times <= _OUT_OF_REACH:
        ways.append(f"{needed.times:.1f} times as many images and as many seeds")
    if not ways:
        return [
            "The measured gain is so close to the smallest useful one that no number of images or "
            "seeds within reach would settle it."
        ]
    return [
        f"If the true gain is what was measured, {' or '.join(ways)} would settle it "
        f"({verdict.policy.power:.0%})."
    ]
