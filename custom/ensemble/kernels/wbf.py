"""Weighted boxes fusion: a cluster of overlapping boxes becomes their score-weighted mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.ensemble.kernels.common import (
    NUM_ROWS,
    Pool,
    add_rounded,
    best_overlap,
    copy_box,
    end_of_group,
    largest_image,
    load_group,
    set_box,
    set_mean,
    size_of,
)
from custom.ensemble.kernels.rows import write_clusters

AVG, MAX, BOX_AND_MODEL_AVG, ABSENT_MODEL_AWARE_AVG = range(4)
# What is known of a cluster besides its box; the row is that of its first and best box.
SCORE_SUM, WEIGHT_SUM, COUNT, ROW, NUM_FACTS = range(5)


class _Clusters(NamedTuple):
    """The clusters of one group of boxes; used again for each group.

    Attributes:
        boxes: Shape (5, N), as columns: see `common`.
        sums: Shape (4, N), single precision, the members' boxes times their scores.
        facts: Shape (NUM_FACTS, N).
        present: Shape (N, M), which models have a member.
        ious: Shape (N,), scratch.
    """

    boxes: FloatArray
    sums: np.ndarray
    facts: FloatArray
    present: np.ndarray
    ious: FloatArray


@jit
def _open_cluster(clusters: _Clusters, index: int, boxes: FloatArray, box: int, row: int) -> None:
    """Start cluster `index` at a box, as yet without members."""
    set_box(clusters.boxes, index, boxes[0, box], boxes[1, box], boxes[2, box], boxes[3, box])
    for fact in range(NUM_FACTS):
        clusters.facts[fact, index] = 0.0
    clusters.facts[ROW, index] = row
    for side in range(4):
        clusters.sums[side, index] = 0.0
    for model in range(clusters.present.shape[1]):
        clusters.present[index, model] = False


@jit
def _cluster_group(
    boxes: FloatArray,
    rows: IntArray,
    count: int,
    scores: FloatArray,
    models: np.ndarray,
    weights: FloatArray,
    iou_thr: float,
    clusters: _Clusters,
) -> int:
    """Cluster the first `count` boxes of `boxes` (5, N), by falling score; return how many.

    A cluster's box is the mean of its members, weighted by score, and moves as they join.
    """
    found, facts = 0, clusters.facts
    for box in range(count):
        score, model = scores[rows[box]], models[rows[box]]
        index = best_overlap(boxes, box, clusters.boxes, found, iou_thr, clusters.ious)
        if index < 0:
            index = found
            found += 1
            _open_cluster(clusters, index, boxes, box, rows[box])
        add_rounded(clusters.sums, index, boxes, box, score)
        facts[SCORE_SUM, index] += score
        facts[WEIGHT_SUM, index] += weights[model]
        facts[COUNT, index] += 1.0
        clusters.present[index, model] = True
        if facts[COUNT, index] > 1.0 and facts[SCORE_SUM, index] > 0.0:
            set_mean(clusters.boxes, index, clusters.sums, facts[SCORE_SUM, index])
    return found


@jit
def _cluster_score(
    clusters: _Clusters,
    index: int,
    best_score: float,
    weights: FloatArray,
    conf_type: int,
    overflow: bool,
) -> float:
    """Return the score of cluster `index`, whose best box has `best_score`."""
    count, weight_sum = clusters.facts[COUNT, index], clusters.facts[WEIGHT_SUM, index]
    score = best_score
    if count > 1.0:  # the reference keeps both in single precision
        mean = score if conf_type == MAX else clusters.facts[SCORE_SUM, index] / count
        score = float(np.float32(mean))
        weight_sum = float(np.float32(weight_sum))
    total, largest, present_weight, absent_weight = 0.0, 0.0, 0.0, 0.0
    for model in range(len(weights)):
        total += weights[model]
        largest = max(largest, weights[model])
        if clusters.present[index, model]:
            present_weight += weights[model]
        else:
            absent_weight += weights[model]
    if conf_type == MAX:
        return score / largest
    if conf_type == BOX_AND_MODEL_AVG:
        return score * count / weight_sum * present_weight / total
    if conf_type == ABSENT_MODEL_AWARE_AVG:
        return score * count / (weight_sum + absent_weight)
    return score * (count if overflow else min(float(len(weights)), count)) / total


@jit
def fuse_wbf(
    first: int,
    last: int,
    pool: Pool,
    iou_thr: float,
    conf_type: int,
    allows_overflow: bool,
) -> None:
    """Replace each image's rows by its clusters, by falling score; `counts` (I,) says how many.

    Source: Solovyev et al. 2021, arXiv:1910.13302, section 3; scores as ensemble-boxes 1.0.9.
    """
    offsets, scores, labels = pool.offsets, pool.scores, pool.labels
    models, weights = pool.models, pool.weights
    room = largest_image(offsets, first, last)
    boxes, rows = np.empty((NUM_ROWS, room)), np.empty(room, np.int64)
    clusters = _Clusters(
        np.empty((NUM_ROWS, room)),
        np.empty((4, room), np.float32),
        np.empty((NUM_FACTS, room)),
        np.empty((room, len(weights)), np.bool_),
        np.empty(room),
    )
    fused, fused_scores = np.empty((NUM_ROWS, room)), np.empty(room)
    fused_labels = np.empty(room, np.int64)
    for image in range(first, last):
        start, count = offsets[image], offsets[image + 1] - offsets[image]
        size_hw = size_of(pool, image)
        begin, total = 0, 0
        while begin < count:
            end = end_of_group(pool, start, begin, count)
            load_group(pool, start, begin, end, size_hw, boxes, rows)
            found = _cluster_group(
                boxes, rows, end - begin, scores, models, weights, iou_thr, clusters
            )
            for index in range(found):
                row = int(clusters.facts[ROW, index])
                fused_labels[total] = labels[row]
                fused_scores[total] = _cluster_score(
                    clusters, index, scores[row], weights, conf_type, allows_overflow
                )
                copy_box(clusters.boxes, index, fused, total)
                total += 1
            begin = end
        write_clusters(fused, fused_scores, fused_labels, total, size_hw, start, pool)
        pool.counts[image] = total
