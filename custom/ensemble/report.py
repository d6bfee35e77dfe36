"""What a search and an evaluation say, as lines to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from custom.ensemble.evaluate import Evaluation
from custom.evaluation import Metric, metric_of

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult
    from custom.evaluation.low_confidence import Cut


def evaluation_lines(
    evaluation: Evaluation | None,
    metric: Metric,
    score_thr: float = 0.0,
    notes: Sequence[str] = (),
    is_chosen: bool = False,
) -> list[str]:
    """Return the table of models and ensemble, and a warning where no gain is shown.

    Args:
        evaluation: What they score; None where nothing is labelled.
        metric: What decides.
        score_thr: The boxes of the submission have this score or more.
        notes: What is to be known of the models' scores, or why there are none.
        is_chosen: Whether `auto_lines` compare the fusion with the best single model, on images
            that did not choose it.
    """
    if evaluation is None:
        why = notes or ["no labelled images are known; name them with --ann"]
        lines = [f"WARNING: not scored, since {each}" for each in why]
        if metric.punishes_false_boxes and not score_thr:
            lines.append(
                f"WARNING: {metric.title} falls with every false box, and no score threshold was "
                "chosen; name labelled images with --ann, or give --score-thr"
            )
        return lines
    width = max(len("ENSEMBLE"), *map(len, evaluation.singles))
    low, high = evaluation.interval
    title = evaluation.metric.title
    lines = [f"{'model':{width}}  val {title}"]
    lines += [f"{name:{width}}  {value:.4f}" for name, value in evaluation.singles.items()]
    lines.append(f"{'ENSEMBLE':{width}}  {evaluation.fused:.4f}  (95%: {low:.4f} to {high:.4f})")
    lines += [f"note: {note}" for note in notes]
    lines += _threshold_lines(evaluation)
    lines.append(_rank_line(evaluation))
    lines += [f"WARNING: {note}" for note in evaluation.notes]
    return lines if is_chosen else [*lines, *_gain_lines(evaluation)]


def _gain_lines(evaluation: Evaluation) -> list[str]:
    """Compare the ensemble with the best single model, by their paired interval."""
    comparison, title = evaluation.comparison, evaluation.metric.title
    best = f"the best single model ({evaluation.best_name}, {title} {evaluation.best_single:.4f})"
    if comparison.is_same:
        return [f"note: the ensemble scores the same as {best}"]
    if comparison.is_gain:
        return [f"the ensemble is {comparison} against {best}: {comparison.verdict}"]
    if comparison.is_loss:
        return [
            f"WARNING: the ensemble is {comparison} against {best}: {comparison.verdict}; submit "
            "that one, or let --method auto choose"
        ]
    return [f"WARNING: the ensemble is {comparison} against {best}: inconclusive"]


def _threshold_lines(evaluation: Evaluation) -> list[str]:
    """Say the score thresholds, where the metric is taken at one."""
    if not evaluation.metric.punishes_false_boxes:
        return []
    names = (*evaluation.singles, "ENSEMBLE")
    listed = ", ".join(
        f"{name} {score_thr:g}"
        for name, score_thr in zip(names, evaluation.score_thrs, strict=True)
    )
    title = evaluation.metric.title
    return [f"{title} falls with every false box, so boxes below a score are left out: {listed}"]


def _rank_line(evaluation: Evaluation) -> str:
    """Return what fusing did to the order of the top boxes, over all classes."""
    changes = evaluation.rank_changes
    return (
        f"top boxes by class, as many as are annotated: {sum(c.hits_before for c in changes)} hits "
        f"with {evaluation.best_name} alone, {sum(c.hits_after for c in changes)} fused; "
        f"{sum(c.entered for c in changes)} came in, {sum(c.left for c in changes)} went out"
    )


def detail_lines(evaluation: Evaluation) -> list[str]:
    """Return what low scores and long lists are worth, and the changes of rank by class."""
    from custom.evaluation.low_confidence import low_confidence_report

    metric = evaluation.metric
    report = low_confidence_report(evaluation.gt, evaluation.predictions, metric)
    lines = ["", f"{'boxes that are kept':24}{'boxes':>10}{metric.title:>11}{'cost':>9}"]
    lines.append(_cut_line("all", report.num_boxes, report.full.value, 0.0))
    for rows, template in (
        (report.by_score, "of score {:g} or more"),
        (report.by_count, "the best {:g} an image"),
    ):
        cut = [row for row in rows if row.num_boxes < report.num_boxes]
        lines += [_row_line(row, template) for row in cut]
    if report.num_beyond_max_dets:
        lines.append(
            f"{report.num_beyond_max_dets} boxes are beyond the first {metric.max_dets} of their "
            "image and class and are not scored at all"
        )
    return [*lines, "", *_rank_table(evaluation)]


def _row_line(row: Cut, template: str) -> str:
    return _cut_line(template.format(row.limit), row.num_boxes, row.value, row.cost)


def _cut_line(what: str, num_boxes: int, value: float, cost: float) -> str:
    cost = round(cost, 4) + 0.0  # no minus before a zero
    return f"{what:24}{num_boxes:10,}{value:11.4f}{cost:9.4f}"


def _rank_table(evaluation: Evaluation) -> list[str]:
    """Return the changes of rank among each class's top boxes."""
    changes = evaluation.rank_changes
    width = max(len("class"), *(len(c.name) for c in changes)) + 2
    lines = [
        f"against {evaluation.best_name} alone",
        f"{'class':{width}}{'top':>6}{'hits':>14}{'came in':>9}{'went out':>10}"
        f"{'mean move':>11}{'first miss':>14}",
    ]
    for change in changes:
        hits = f"{change.hits_before} -> {change.hits_after}"
        first = f"{change.first_miss_before + 1} -> {change.first_miss_after + 1}"
        lines.append(
            f"{change.name:{width}}{change.top:6}{hits:>14}{change.entered:9}{change.left:10}"
            f"{change.mean_move:11.1f}{first:>14}"
        )
    return lines


def search_lines(result: SearchResult, names: Sequence[str]) -> list[str]:
    """Return what the search found beside what it must beat, and what each model adds."""
    rows = {"found by the search": result.chosen, **result.references}
    width = max(map(len, rows))
    settings = result.settings
    title = metric_of(settings.metric).title
    lines = [f"{title:{width}}  in sample  cross-validated"]
    lines += [
        f"{k:{width}}  {v.in_sample:9.4f}  {v.cross_validated:15.4f}" for k, v in rows.items()
    ]
    lines.append(
        f"cross-validated: each of {settings.inner_folds} inner folds of {result.num_images} "
        "images with what was chosen without it"
    )
    if thresholds := [
        f"{each.final_score_thr:g}" for each in result.configs if each.final_score_thr
    ]:
        lines.append(f"boxes below a score are left out: {', '.join(dict.fromkeys(thresholds))}")
    for step in result.steps:
        lines.append(f"with {names[step.model]}: {step.value:.4f}")
    for each in result.contributions:
        gain = f"{each.gain:+.4f} (95%: {each.low:+.4f} to {each.high:+.4f})"
        lines.append(f"without {names[each.model]} it would lose {gain}")
    comparison, best = result.comparison, result.best_reference
    line = f"cross-validated, the search is {comparison} against {best}: {comparison.verdict}"
    if not result.is_gain:
        line = f"WARNING: {line}; of what is not told apart, the simplest is to be preferred"
    return [*lines, line]
