"""Smoothing over time against supervision's DetectionsSmoother, on the same tracks.

    python benchmarks/smoothing.py

People walk through clips; some detections are missing, many scores are bad for a frame. Both get
the same boxes; supervision gets the true tracks, ours finds its own. supervision averages the last
frames of a track, boxes and scores alike, and takes for granted that tracks are right.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from custom.evaluation import score_at_best
from custom.smoothing import Smoothing, StreamingSmoother, smooth_table
from custom.tables import Categories, GroundTruth, Images, Predictions

PEOPLE, FRAMES, RATE = 8, 40, 20.0
ROUNDS = 3


def make_clips(num_clips: int, seed: int = 0) -> tuple[GroundTruth, Predictions, np.ndarray]:
    """Return annotations, one label a person and frame, and the person of each row."""
    rng = np.random.default_rng(seed)
    count = num_clips * FRAMES
    frame = np.tile(np.arange(FRAMES), num_clips)
    images = Images(
        np.arange(count), tuple(f"{i}.jpg" for i in range(count)), np.full((count, 2), 2000),
        "drawn", video_ids=np.repeat(np.arange(num_clips), FRAMES), frame_ids=frame,
        timestamps=frame / RATE,
    )  # fmt: skip
    shape = (num_clips, FRAMES, PEOPLE)
    start = np.arange(PEOPLE) * 220.0 + rng.uniform(0, 60, (num_clips, 1, PEOPLE))
    x = start + rng.uniform(-4, 4, (num_clips, 1, PEOPLE)) * np.arange(FRAMES)[None, :, None]
    x += rng.normal(0, 1.5, shape)
    bboxes = np.stack([x, np.full(shape, 100.0), x + 90, np.full(shape, 400.0)], -1).reshape(-1, 4)
    fastened = np.broadcast_to(rng.random((num_clips, 1, PEOPLE)) < 0.5, shape).ravel()
    logits = 1.2 * (2 * fastened - 1) + rng.normal(0, 1.2, fastened.size)
    scores = 1 / (1 + np.exp(-logits))
    index = np.repeat(np.arange(count), PEOPLE)
    person = np.tile(np.arange(PEOPLE), count)
    found = rng.random(fastened.size) > 0.1
    table = Predictions.from_rows(
        images.ids, index[found], bboxes[found], scores[found], np.zeros(found.sum(), np.int64)
    )
    truth = found & fastened
    gt = GroundTruth(
        images, Categories.from_names(["rope"]),
        np.concatenate([[0], np.cumsum(np.bincount(index[truth], minlength=count))]),
        bboxes[truth], np.zeros(truth.sum(), np.int64), np.zeros(truth.sum(), bool),
        np.full(truth.sum(), 90.0 * 300), np.arange(truth.sum()),
    )  # fmt: skip
    return gt, table, person[found]


def supervisions(gt: GroundTruth, table: Predictions, person: np.ndarray) -> Predictions:
    """Return the scores that supervision gives, clip by clip, for boxes that are there."""
    import supervision as sv

    out = table.scores.copy()
    for clip in range(gt.images.video_ids.max() + 1):
        smoother = sv.DetectionsSmoother(length=7)
        for image in np.flatnonzero(gt.images.video_ids == clip):
            rows = table.rows(int(image))
            found = sv.Detections(
                xyxy=table.bboxes[rows], confidence=table.scores[rows],
                class_id=table.labels[rows], tracker_id=person[rows],
            )  # fmt: skip
            smooth = smoother.update_with_detections(found)
            assert smooth.tracker_id is not None
            assert smooth.confidence is not None
            values = dict(zip(smooth.tracker_id.tolist(), smooth.confidence.tolist(), strict=True))
            out[rows] = [values[each] for each in person[rows].tolist()]
    return table.with_columns(scores=out)


def streamed(gt: GroundTruth, table: Predictions, settings: Smoothing) -> Predictions:
    """Return what the stream gives."""
    out = np.empty(table.num_boxes)
    smoother, last = StreamingSmoother(settings), -1
    for image in range(table.num_images):
        if gt.images.video_ids[image] != last:
            smoother.reset()
            last = gt.images.video_ids[image]
        rows = table.rows(image)
        columns = (table.bboxes[rows], table.scores[rows], table.labels[rows])
        out[rows] = smoother.update(gt.images.timestamps[image], *columns)
    return table.with_columns(scores=out)


def timed(
    work: Callable[[], Predictions], rounds: int = ROUNDS
) -> tuple[Predictions, float, float]:
    """Return the result, and the least clock and processor time."""
    clock = processor = float("inf")
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        result = work()
        clock = min(clock, time.perf_counter() - began)
        processor = min(processor, time.process_time() - used)
    return result, clock, processor


def main() -> None:
    """Print the ranking AP, F1 and times side by side, then the time of a million regions."""
    settings = Smoothing(0.5, "seconds")
    gt, table, person = make_clips(60)
    makers: dict[str, Callable[[], Predictions]] = {
        "raw": lambda: table,
        "podium, both directions": lambda: smooth_table(table, gt.images, settings),
        "podium, a frame at a time": lambda: streamed(gt, table, settings),
        "supervision, true tracks": lambda: supervisions(gt, table, person),
    }
    smooth_table(table, gt.images, settings)  # compiles
    print(f"{table.num_boxes} boxes of {len(gt.images)} frames in 60 clips")
    base = None
    for name, maker in makers.items():
        found, clock, processor = timed(maker)
        ap, f1 = (score_at_best(gt, found, metric).value for metric in ("ranking_AP", "F1"))
        line = f"{name:28} ranking AP {ap:.4f}  F1 {f1:.4f}"
        if name != "raw":
            base = base or processor
            line += f"  clock {clock:.3f} s  processor {processor:.3f} s  ({processor / base:.0f}x)"
        print(line)
    gt, table, _ = make_clips(3500, seed=1)
    _, clock, processor = timed(lambda: smooth_table(table, gt.images, settings))
    print(f"{table.num_boxes:,} regions: clock {clock:.2f} s, processor {processor:.2f} s")


if __name__ == "__main__":
    main()
