"""Scores over time, by hand: a person stands still, another walks; cuts, gaps, rates, crossings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.smoothing import Smoothing, StreamingSmoother, smooth_table
from custom.smoothing.tables import usual_window
from custom.tables import Images, Predictions

STILL = (0, 0, 40, 100)
FAR = (500, 0, 540, 100)


def video(frames, times=None, videos=None, unit="frames") -> tuple[Predictions, Images]:
    """Return one image a list of (score, box) or (score, box, label)."""
    count = len(frames)
    times = list(range(count)) if times is None else times
    column = {"timestamps" if unit == "seconds" else "frame_ids": times}
    images = Images(
        range(count), [f"{i}.jpg" for i in range(count)], [[1000, 1000]] * count, "clip.json",
        video_ids=[0] * count if videos is None else videos, **column,
    )  # fmt: skip
    rows = [(i, *row) for i, frame in enumerate(frames) for row in frame]
    table = Predictions.from_rows(
        range(count), [r[0] for r in rows], [r[2] for r in rows], [r[1] for r in rows],
        [r[3] if len(r) > 3 else 0 for r in rows],
    )  # fmt: skip
    return table, images


def smoothed(table: Predictions, images: Images, **settings) -> list[float]:
    unit = settings.pop("unit", "frames")
    return smooth_table(table, images, Smoothing(**settings, unit=unit)).scores.tolist()


def still(*scores: float) -> list[list[tuple]]:
    return [[(score, STILL)] for score in scores]


def test_one_bad_frame_is_outvoted():
    table, images = video(still(0.9, 0.8, 0.1, 0.7))
    # All four in the window: of an even number, the mean of the middle two.
    assert smoothed(table, images) == pytest.approx([0.75] * 4)
    assert table.scores.tolist() == [0.9, 0.8, 0.1, 0.7]


def test_the_past_alone():
    table, images = video(still(0.9, 0.8, 0.1, 0.7))
    # The first has nothing to join; then (.9 .8), (.9 .8 .1), (.9 .8 .1 .7): raw scores each time.
    expected = [0.9, 0.85, 0.8, 0.75]
    assert smoothed(table, images, past_only=True) == pytest.approx(expected)


def test_the_nearest_scores_are_joined():
    table, images = video(still(0.0, 0.0, 0.5, 0.6, 0.7))
    # Three of them: of the last frame .7 .6 .5; of the middle one .5 and both sides, 0 and .6.
    found = smoothed(table, images, most=3)
    assert (found[4], found[2]) == pytest.approx((0.6, 0.5))


def test_a_window_of_frames_counts_missing_frames():
    table, images = video(still(0.9, 0.1, 0.5), times=[0, 11, 12])
    # The first frame is 11 frames from the next: alone.
    assert smoothed(table, images) == pytest.approx([0.9, 0.3, 0.3])
    assert smoothed(table, images, reach=11) == pytest.approx([0.5, 0.5, 0.3])


def test_a_window_of_seconds_goes_by_the_time():
    # At a variable frame rate: half a second is two frames here and one there.
    table, images = video(still(0.9, 0.1, 0.5, 0.3), [0.0, 0.25, 0.5, 1.0], unit="seconds")
    found = smoothed(table, images, unit="seconds", reach=0.5, past_only=True)
    assert found == pytest.approx([0.9, 0.5, 0.5, 0.4])


def test_the_order_of_the_table_is_of_no_account():
    table, images = video(still(0.9, 0.8, 0.1, 0.7, 0.3, 0.2))
    expected = np.array(smoothed(table, images, reach=1))
    order = [3, 0, 5, 1, 4, 2]
    shuffled = smooth_table(table.take(order), images.take(order), Smoothing(reach=1))
    np.testing.assert_allclose(shuffled.scores, expected[order])


def test_a_cut_between_scenes_joins_nothing():
    # The scene changes behind frame 1: nobody stands where somebody stood.
    table, images = video([*still(0.9, 0.7), [(0.1, FAR)], [(0.3, FAR)]])
    assert smoothed(table, images) == pytest.approx([0.8, 0.8, 0.2, 0.2])


def test_videos_do_not_touch_even_if_their_frame_ids_repeat():
    table, images = video(still(0.9, 0.7, 0.1, 0.3), times=[0, 1, 0, 1], videos=[4, 4, 9, 9])
    assert smoothed(table, images) == pytest.approx([0.8, 0.8, 0.2, 0.2])


def test_images_of_no_video_stay():
    table, images = video(still(0.9, 0.7, 0.1), times=[0, 1, -1], videos=[4, 4, -1])
    assert smoothed(table, images) == pytest.approx([0.8, 0.8, 0.1])


def test_classes_do_not_touch():
    frames = [[(0.9, STILL, 0), (0.1, STILL, 1)], [(0.7, STILL, 0), (0.3, STILL, 1)]]
    assert smoothed(*video(frames)) == pytest.approx([0.8, 0.2, 0.8, 0.2])


def test_two_people_who_cross():
    """They walk 8 pixels a frame and meet between frames 4 and 5, each where the other was.

    There nobody can tell them apart by their boxes: with three scores of .9 and three of .1 the
    median is .5. In all other frames most scores are one's own.
    """
    a = [(8 * t, 0, 8 * t + 100, 100) for t in range(10)]
    b = [(72 - 8 * t, 0, 172 - 8 * t, 100) for t in range(10)]
    table, images = video([[(0.9, a[t]), (0.1, b[t])] for t in range(10)])
    found = np.reshape(smoothed(table, images, reach=6), (10, 2))
    expected = np.tile([0.9, 0.1], (10, 1))
    expected[4:6] = 0.5
    np.testing.assert_allclose(found, expected)


def test_two_people_side_by_side():
    # IoU .74 of each other: whoever fits best is oneself.
    walking = [[(0.9, (x, 0, x + 100, 100)), (0.1, (x + 15, 0, x + 115, 100))] for x in (0, 4, 8)]
    assert smoothed(*video(walking)) == pytest.approx([0.9, 0.1] * 3)


def test_a_box_gives_its_score_to_one_box_of_a_frame():
    # Frame 1 lost the second person; its one box belongs to the first.
    frames = [[(0.9, (0, 0, 100, 100)), (0.1, (15, 0, 115, 100))], [(0.5, (2, 0, 102, 100))]]
    assert smoothed(*video(frames)) == pytest.approx([0.7, 0.1, 0.7])


@pytest.mark.parametrize(("shift", "joined"), [(17, True), (18, False)])
def test_iou_of_one_object(shift, joined):
    # Of boxes 100 wide: (100 - 17) / 117 = .709, (100 - 18) / 118 = .695.
    frames = [[(0.9, (0, 0, 100, 100))], [(0.1, (shift, 0, 100 + shift, 100))]]
    expected = [0.5, 0.5] if joined else [0.9, 0.1]
    assert smoothed(*video(frames)) == pytest.approx(expected)


def test_other_means():
    table, images = video(still(0.9, 0.6, 0.2))
    weight = np.exp(-0.5 * (3 * np.array([0, 1, 2]) / 3) ** 2)  # reach 3, deviation 1
    expected = (weight * [0.9, 0.6, 0.2]).sum() / weight.sum()
    found = smoothed(table, images, reach=3, method="gaussian")
    assert found[0] == pytest.approx(expected, abs=1e-5)
    # Two of three say yes: their median. Of two that disagree, one's own side.
    assert smoothed(table, images, method="majority") == pytest.approx([0.75] * 3)
    table, images = video(still(0.9, 0.2))
    assert smoothed(table, images, method="majority") == pytest.approx([0.9, 0.2])


def random_video(seed: int) -> tuple[Predictions, Images]:
    rng = np.random.default_rng(seed)
    frames = []
    for t in range(60):
        people = [(x + 3 * t * way, 0, x + 3 * t * way + 80, 150)
                  for x, way in ((0, 1), (200, -1), (90, 0)) if rng.random() < 0.9]  # fmt: skip
        frames.append([(float(rng.random()), box, label) for box in people for label in (0, 1)])
    return video(frames, np.cumsum(rng.uniform(0.02, 0.2, 60)), unit="seconds")


@pytest.mark.parametrize("method", ["median", "gaussian", "majority"])
def test_the_stream_is_the_table_that_looks_back(method):
    table, images = random_video(1)
    settings = Smoothing(0.5, "seconds", method=method, past_only=True)
    expected = smooth_table(table, images, settings)
    assert np.abs(expected.scores - table.scores).max() > 0.2
    smoother = StreamingSmoother(replace(settings, past_only=False))
    for image in range(table.num_images):
        rows = table.rows(image)
        found = smoother.update(
            images.timestamps[image], table.bboxes[rows], table.scores[rows], table.labels[rows]
        )
        np.testing.assert_allclose(found, expected.scores[rows])


def test_the_stream_forgets_at_a_reset_and_refuses_time_that_stands_still():
    smoother = StreamingSmoother()
    assert smoother.update(0, [STILL], [0.9], [0]).tolist() == [0.9]
    assert smoother.update(1, [], [], []).tolist() == []
    assert smoother.update(2, [STILL], [0.1], [0]).tolist() == [0.5]
    with pytest.raises(PodiumError, match=r"times must rise .* 2 comes after 2"):
        smoother.update(2, [STILL], [0.1], [0])
    with pytest.raises(
        PodiumError, match=r"as many boxes as scores and labels, but has 1, 2 and 1"
    ):
        smoother.update(3, [STILL], [0.1, 0.2], [0])
    smoother.reset()
    assert smoother.update(0, [STILL], [0.1], [0]).tolist() == [0.1]


@pytest.mark.parametrize(
    ("times", "videos", "unit", "message"),
    [
        pytest.param([0, 1], [-1, -1], "frames", "must say their video", id="no video"),
        pytest.param([0, -1], [1, 1], "frames", "1 of 2 lack it, the first is 1.jpg", id="no id"),
        pytest.param([0, 1], [1, 1], "seconds", "must have a timestamp for a window of seconds",
                     id="no times"),
        pytest.param([3, 3], [1, 1], "frames", "0.jpg and 1.jpg both have 3", id="twice"),
    ],
)  # fmt: skip
def test_frames_without_their_time(times, videos, unit, message):
    table, images = video(still(0.9, 0.1), times, videos)
    with pytest.raises(PodiumError, match=message):
        smoothed(table, images, unit=unit)


def test_usual_window():
    assert usual_window(video(still(0.9), [0.0], unit="seconds")[1]) == (0.5, "seconds")
    assert usual_window(video(still(0.9))[1]) == (10.0, "frames")


@pytest.mark.parametrize(
    "settings",
    [{"reach": 0}, {"unit": "hours"}, {"iou_thr": 0}, {"most": 1}, {"method": "mode"}],
)
def test_bad_settings(settings):
    with pytest.raises(PodiumError):
        Smoothing(**settings)
