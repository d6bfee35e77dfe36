import numpy as np
import pytest

from custom.errors import PodiumError
from custom.tables import Images
from custom.tables.coco import ground_truth_of
from custom.tables.frames import number_of
from custom.tables.ground_truth import concatenate


def table(*frames, tracks=()):
    images = [
        {"id": i, "file_name": f"{i}.jpg", "height": 4, "width": 4, **frame}
        for i, frame in enumerate(frames)
    ]
    annotations = [
        {"id": i, "image_id": 0, "category_id": 1, "bbox": [0, 0, 2, 2], **track}
        for i, track in enumerate(tracks)
    ]
    categories = [{"id": 1, "name": "x"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    return ground_truth_of(content, "x.json")


def test_frames_know_their_video_and_time():
    gt = table({"video_id": 3, "frame_id": 0, "timestamp": 0.5}, {"video_id": 3.0, "frame_id": 1})
    assert gt.images.video_ids.tolist() == [3, 3]
    assert gt.images.frame_ids.tolist() == [0, 1]
    np.testing.assert_array_equal(gt.images.timestamps, [0.5, np.nan])


@pytest.mark.parametrize("value", [None, [1], -3, True, 1.5], ids=str)
def test_what_is_no_id_is_unknown(value):
    gt = table({"video_id": value, "frame_id": value, "timestamp": "2021-05-03 12:00"})
    assert (gt.images.video_ids[0], gt.images.frame_ids[0]) == (-1, -1)
    assert np.isnan(gt.images.timestamps[0])


def test_a_text_is_the_same_number_everywhere():
    first, second = table({"video_id": "a"}, {"video_id": "b"}), table({"video_id": "b"})
    assert first.images.video_ids[1] == second.images.video_ids[0] == number_of("b") > 0
    assert first.images.video_ids[0] != first.images.video_ids[1]


def test_taking_and_concatenating_keep_videos_and_tracks():
    gt = table(*({"video_id": v} for v in (5, 6, 7)), tracks=({"track_id": 9}, {}))
    assert gt.track_ids.tolist() == [9, -1]
    taken = gt.take([2, 0])
    assert taken.images.video_ids.tolist() == [7, 5]
    assert taken.track_ids.tolist() == [9, -1]
    both = concatenate([gt.take([1]), taken])
    assert both.images.video_ids.tolist() == [6, 7, 5]
    assert np.isnan(both.images.timestamps).all()


def test_columns_must_have_an_entry_an_image():
    with pytest.raises(PodiumError, match="2 ids but 1 video_ids"):
        Images(np.arange(2), ("a", "b"), np.full((2, 2), 4), "x.json", video_ids=np.array([1]))
