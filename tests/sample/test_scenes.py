import cv2
import numpy as np
import pytest

from custom.boxes import is_degenerate
from custom.sample.grounds import GROUNDS
from custom.sample.objects import CLASSES
from custom.sample.scenes import MIN_VISIBLE, _bbox_of, _find_place, draw_scene

NAMES = "General trash,Paper,Paper pack,Metal,Glass,Plastic,Styrofoam,Plastic bag,Battery,Clothing"


def test_classes_are_those_of_the_competition():
    assert [kind.name for kind in CLASSES] == NAMES.split(",")
    assert sum(kind.boxes for kind in CLASSES) == 23144
    assert min(CLASSES, key=lambda kind: kind.boxes).name == "Battery"


@pytest.mark.parametrize("label", range(len(CLASSES)), ids=lambda label: CLASSES[label].name)
def test_every_object_fills_its_canvas_and_varies(label):
    first, second = (CLASSES[label].draw(np.random.default_rng(seed)) for seed in (0, 1))
    rows = np.flatnonzero((first.alpha > 0.3).any(axis=1))
    side = first.alpha.shape[0]
    assert rows[-1] - rows[0] > 0.5 * side
    assert rows[0] > 0  # nothing is cut off at the canvas's edge
    assert rows[-1] < side - 1
    assert 0 <= first.colour.min() <= first.colour.max() <= 255
    assert not np.array_equal(first.colour, second.colour)


@pytest.mark.parametrize("draw", GROUNDS, ids=lambda draw: draw.__name__)
def test_grounds_are_textured(draw):
    image = draw(np.random.default_rng(0), 96)
    assert image.shape == (96, 96, 3)
    assert image.std(axis=(0, 1)).min() > 3


def test_boxes_surround_what_is_seen():
    visible = np.zeros((8, 10), np.bool_)
    visible[2:5, 3:9] = True
    # Pixels 3 to 8 across and 2 to 4 down: each covers one unit from its own coordinate on.
    assert _bbox_of(visible) == (3, 2, 8 + 1, 4 + 1)


def test_scene_depends_on_its_generator_alone():
    scenes = [draw_scene(np.random.default_rng(5), [0, 4, 7], 128) for _ in range(2)]
    assert np.array_equal(scenes[0].image, scenes[1].image)
    assert np.array_equal(scenes[0].bboxes, scenes[1].bboxes)
    other = draw_scene(np.random.default_rng(6), [0, 4, 7], 128)
    assert not np.array_equal(scenes[0].image, other.image)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_lie_inside_and_have_area(seed):
    rng = np.random.default_rng(seed)
    scene = draw_scene(rng, rng.integers(0, 10, 6).tolist(), 160)
    assert len(scene.bboxes) == len(scene.labels) > 0
    assert not is_degenerate(scene.bboxes.astype(float)).any()
    assert scene.bboxes.min() >= 0
    assert scene.bboxes.max() <= 160


def test_no_object_is_mostly_hidden():
    """Pile objects up on a small ground until places run out: each keeps its visible part."""
    rng = np.random.default_rng(3)
    layers = []
    for label in [6, 7, 1, 1, 7, 9, 3, 0, 2, 4, 5, 1]:
        layer = _find_place(rng, label, 96, layers)
        if layer is None:
            continue
        for other in layers:
            other.visible &= ~layer.visible
        layers.append(layer)
    parts = [layer.visible.sum() / layer.pixels for layer in layers]
    assert min(parts) >= MIN_VISIBLE
    assert min(parts) < 0.95  # the pile is a pile: something does lie on something else


def test_no_labels_is_an_empty_ground():
    scene = draw_scene(np.random.default_rng(0), [], 64)
    assert scene.bboxes.shape == (0, 4)
    assert scene.labels.shape == (0,)


def test_scene_is_the_same_for_any_number_of_threads():
    before = cv2.getNumThreads()
    try:
        images = []
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            images.append(draw_scene(np.random.default_rng(9), [1, 3, 5, 8], 320).image)
    finally:
        cv2.setNumThreads(before)
    assert np.array_equal(*images)
