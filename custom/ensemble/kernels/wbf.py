"""Weighted boxes fusion: a cluster of overlapping boxes becomes their score-weighted mean."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.kernels.common import (
    add_rounded,
    area,
    best_overlap,
    jit,
    largest_image,
    normalise,
)
from custom.ensemble.kernels.rows import write_clusters

AVG, MAX, BOX_AND_MODEL_AVG, ABSENT_MODEL_AWARE_AVG = range(4)
# Columns of a cluster: its box in columns 0 to 3, then
AREA, SCORE_SUM, BEST_SCORE, WEIGHT_SUM, COUNT, LABEL, NUM_COLUMNS = range(4, 11)


@jit
def _open_cluster(
    cluster: FloatArray, sums: np.ndarray, present: np.ndarray, box: FloatArray,
    score: float, label: int,
) -> None:  # fmt: skip
    """Start a cluster at a box, as yet without members."""
    cluster[:4] = box
    cluster[AREA] = area(box)
    cluster[SCORE_SUM] = cluster[WEIGHT_SUM] = cluster[COUNT] = 0.0
    cluster[BEST_SCORE] = score
    cluster[LABEL] = label
    sums[:] = 0.0
    present[:] = False


@jit
def _join_cluster(
    cluster: FloatArray, sums: np.ndarray, box: FloatArray, score: float, weight: float
) -> None:
    """Add a box to a cluster, whose box becomes the mean, weighted by score."""
    add_rounded(sums, box, score)
    cluster[SCORE_SUM] += score
    cluster[WEIGHT_SUM] += weight
    cluster[COUNT] += 1.0
    if cluster[COUNT] > 1.0 and cluster[SCORE_SUM] > 0.0:
        for side in range(4):
            cluster[side] = float(np.float32(float(sums[side]) / cluster[SCORE_SUM]))
        cluster[AREA] = area(cluster)


@jit
def _cluster_score(
    cluster: FloatArray, present: np.ndarray, weights: FloatArray, conf_type: int, overflow: bool
) -> float:
    """Return the score of a cluster to which the models in `present` (M,) contributed."""
    count, weight_sum = cluster[COUNT], cluster[WEIGHT_SUM]
    score = cluster[BEST_SCORE]
    if count > 1.0:  # the reference keeps both in single precision
        mean = score if conf_type == MAX else cluster[SCORE_SUM] / count
        score = float(np.float32(mean))
        weight_sum = float(np.float32(weight_sum))
    total, present_weight, absent_weight = 0.0, 0.0, 0.0
    for model in range(len(weights)):
        total += weights[model]
        if present[model]:
            present_weight += weights[model]
        else:
            absent_weight += weights[model]
    if conf_type == MAX:
        return score / weights.max()
    if conf_type == BOX_AND_MODEL_AVG:
        return score * count / weight_sum * present_weight / total
    if conf_type == ABSENT_MODEL_AWARE_AVG:
        return score * count / (weight_sum + absent_weight)
    return score * (count if overflow else min(float(len(weights)), count)) / total


@jit
def fuse_wbf(
    first: int,
    last: int,
    offsets: IntArray,
    order: np.ndarray,
    sizes_hw: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    models: np.ndarray,
    weights: FloatArray,
    iou_thr: float,
    conf_type: int,
    overflow: bool,
    class_agnostic: bool,
    counts: IntArray,
) -> None:
    """Replace each image's rows by its clusters, by falling score; `counts` (I,) says how many.

    Source: Solovyev et al. 2021, arXiv:1910.13302, section 3; scores as ensemble-boxes 1.0.9.
    """
    room = largest_image(offsets, first, last)
    clusters, sums = np.empty((room, NUM_COLUMNS)), np.empty((room, 4), np.float32)
    present, fused_scores = np.empty((room, len(weights)), np.bool_), np.empty(room)
    box = np.empty(4)
    for image in range(first, last):
        start = offsets[image]
        found, group = 0, 0  # clusters so far, and the first of them with the label at hand
        for position in range(offsets[image + 1] - start):
            row = start + order[start + position]
            if not class_agnostic and found > 0 and labels[row] != clusters[found - 1, LABEL]:
                group = found
            normalise(bboxes[row], sizes_hw[image], box)
            index, _ = best_overlap(box, clusters, group, found, iou_thr)
            if index < 0:
                index = found
                found += 1
                _open_cluster(
                    clusters[index], sums[index], present[index], box, scores[row], labels[row]
                )
            _join_cluster(clusters[index], sums[index], box, scores[row], weights[models[row]])
            present[index, models[row]] = True
        for index in range(found):
            fused_scores[index] = _cluster_score(
                clusters[index], present[index], weights, conf_type, overflow
            )
        write_clusters(
            clusters, clusters[:, LABEL], fused_scores[:found], sizes_hw[image],
            bboxes[start:], scores[start:], labels[start:],
        )  # fmt: skip
        counts[image] = found
