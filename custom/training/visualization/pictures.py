"""A few val images with their boxes: which, and how they are drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.depth import Depth, deep_pixels
from custom.errors import PodiumError
from custom.image_files import find_images
from custom.tables import GroundTruth, Predictions

NUM_PICTURES = 6
# Longest side of a picture, pixels: boxes can be judged, and an epoch's pictures stay small.
LONGEST = 640
# Below this, predictions are noise to the eye.
DRAWN_SCORE = 0.3
TRUTH, FOUND = (40, 190, 70), (250, 120, 20)  # RGB

RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with the boxes that are annotated on it and those that a model finds.

    Attributes:
        name: The image's file name.
        image: Shape (H, W, 3), RGB, made smaller where it was large.
        gt_bboxes: Shape (G, 4), xyxy, pixels of the picture; crowds are not among them.
        gt_labels: Shape (G,).
        bboxes: Shape (N, 4), found, best first.
        scores: Shape (N,).
        labels: Shape (N,).
        classes: Names of the labels.
    """

    name: str
    image: RGB
    gt_bboxes: FloatArray
    gt_labels: IntArray
    bboxes: FloatArray
    scores: FloatArray
    labels: IntArray
    classes: tuple[str, ...]


def choose_images(gt: GroundTruth, split_hash: str, num: int = NUM_PICTURES) -> IntArray:
    """Return the ids of images with boxes, the same for every run and epoch on a split.

    They are those with the lowest hashes of split and file name, so that one image more or less
    in the fold changes no other choice.
    """
    with_boxes = np.flatnonzero(np.diff(gt.offsets) > 0).tolist()
    names = gt.images.file_names

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{split_hash}/{names[index]}".encode()).digest()

    return gt.images.ids[sorted(with_boxes, key=rank)[:num]]


def make_picture(
    gt: GroundTruth,
    predictions: Predictions,
    image_id: int,
    root: Path,
    depth: Depth | None = None,
) -> Picture:
    """Read an image and gather its boxes.

    Args:
        gt: Annotations with the image.
        predictions: Predictions with the image.
        image_id: Its id.
        root: The folder that its file name starts from.
        depth: How pixels of more than 8 bits are scaled.

    Raises:
        PodiumError: If the image cannot be read.
    """
    truth, found = gt.take_ids([image_id]), predictions.aligned_to([image_id])
    (name,) = truth.images.file_names
    (path,) = find_images(root, [name]).paths
    image: Any = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise PodiumError(f"cannot read the image {path}")
    if (deep := deep_pixels(path.read_bytes(), depth)) is not None:
        image = cv2.cvtColor(deep, cv2.COLOR_GRAY2BGR)
    scale = min(1.0, LONGEST / max(image.shape[:2]))
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    order, plain = np.argsort(-found.scores, kind="stable"), ~truth.iscrowd
    return Picture(
        name, cv2.cvtColor(image, cv2.COLOR_BGR2RGB), truth.bboxes[plain] * scale,
        truth.labels[plain], found.bboxes[order] * scale, found.scores[order],
        found.labels[order], tuple(gt.categories.names),
    )  # fmt: skip


def draw(picture: Picture, score_thr: float = DRAWN_SCORE) -> RGB:
    """Return the annotated boxes on the left and those found on the right, shape (H, 2W, 3)."""
    truth, found = picture.image.copy(), picture.image.copy()
    for bbox, label in zip(picture.gt_bboxes, picture.gt_labels.tolist(), strict=True):
        _draw_box(truth, bbox, picture.classes[label], TRUTH)
    shown = picture.scores >= score_thr
    rows = zip(picture.bboxes[shown], picture.labels[shown], picture.scores[shown], strict=True)
    for bbox, label, score in rows:
        _draw_box(found, bbox, f"{picture.classes[label]} {score:.2f}", FOUND)
    return np.hstack([truth, found])


def _draw_box(image: RGB, bbox: FloatArray, text: str, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = np.rint(bbox).astype(int).tolist()
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, 2)
    place = (x1 + 3, max(12, y1 - 4))
    for ink, width in (((0, 0, 0), 3), (colour, 1)):  # an outline, to be read on any ground
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, width, cv2.LINE_AA)
