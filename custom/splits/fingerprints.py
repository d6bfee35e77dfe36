"""One pass over the image files: are they whole, and what are their fingerprints."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from custom.boxes import IntArray
from custom.depth import to_8_bit
from custom.errors import PodiumError
from custom.files import PathLike
from custom.image_files import find_images, read_image_bytes
from custom.splits.digests import bytes_digest
from custom.splits.headers import Header, size_fault, unclear_turn
from custom.tables import Images

# Decoding a JPEG at an eighth of its size reads all of its data but skips most of the work.
DRAFT_SIDE = 128
THUMB_SIDE = 64
ORIENTATIONS = 8
HASH_SIDE = 32
# Grey levels by which JPEG makes an even border uneven.
FLAT_RANGE = 12
NAMED_AT_MOST = 5
# The lowest 8 of 32 cosines, as rows of the discrete cosine transform (type II, unnormalized).
_COSINES = 2 * np.cos(np.pi / 64 * np.outer(np.arange(8), 2 * np.arange(HASH_SIDE) + 1))

Track = Callable[[Iterable[Any], int], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """By what the image files of a data set are known again.

    Attributes:
        contents: For each image the digest of its file's bytes.
        hashes: Shape (I, 8), uint64, perceptual hashes of the eight flips and quarter turns.
        thumbs: Shape (I, 64, 64), uint8, grey.
        notes: For images whose EXIF orientation the annotation leaves out, what to do.
    """

    contents: tuple[str, ...]
    hashes: npt.NDArray[np.uint64]
    thumbs: npt.NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def fingerprint_images(
    folder: PathLike, images: Images, workers: int = 2, track: Track | None = None
) -> Fingerprints:
    """Decode every image once.

    Args:
        folder: Where the file names start from.
        images: Names and sizes.
        workers: Processes; 1 decodes in this one.
        track: Wraps the images as they are done, for a progress bar: gets them and their number.

    Raises:
        PodiumError: If files are missing, truncated, no images or of another size than
            annotated; the first of them are named.
    """
    paths = find_images(folder, images.file_names).paths
    return fingerprint_files(paths, images, workers, track)


def fingerprint_files(
    paths: Sequence[Path], images: Images, workers: int = 2, track: Track | None = None
) -> Fingerprints:
    """Decode every image once, each at its path; see `fingerprint_images`."""
    jobs = list(zip(paths, images.sizes_hw.tolist(), strict=True))
    track = track or (lambda items, _: items)
    if workers > 1 and len(jobs) > workers:
        with ProcessPoolExecutor(workers) as pool:
            found = list(track(pool.map(_fingerprint, jobs, chunksize=16), len(jobs)))
    else:
        found = list(track(map(_fingerprint, jobs), len(jobs)))
    broken = [each for each in found if isinstance(each, str)]
    if broken:
        more = f"\n  and {len(broken) - NAMED_AT_MOST} more" if len(broken) > NAMED_AT_MOST else ""
        raise PodiumError(
            f"{images.source}: all {len(images)} images must be whole, but {len(broken)} are not; "
            "restore them or remove their entries:\n  " + "\n  ".join(broken[:NAMED_AT_MOST]) + more
        )
    return Fingerprints(
        contents=tuple(each[0] for each in found),
        hashes=np.stack([each[1] for each in found]),
        thumbs=np.stack([each[2] for each in found]),
        notes=tuple(each[3] for each in found if each[3]),
    )


def _fingerprint(job: tuple[Path, list[int]]) -> Any:
    """Return digest, hashes, thumbnail and a note of one file, or what is wrong with it."""
    path, size_hw = job
    try:
        content = read_image_bytes(path)
        image = Image.open(io.BytesIO(content))
        header = Header(*image.size, image.getexif().get(ExifTags.Base.Orientation, 1))
        image.draft("L", (DRAFT_SIDE, DRAFT_SIDE))
        grey = to_8_bit(image).convert("L")
    except UnidentifiedImageError:
        return f"{path}: not an image"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"{path}: {getattr(error, 'strerror', None) or error}"
    fault = size_fault(header, (size_hw[0], size_hw[1]))
    # Which of the two sizes is loaded is said by the config that trains.
    if fault and header.size_hw(upright=False) != tuple(size_hw):
        return f"{path}: {fault}"
    grey = without_flat_borders(grey)
    thumb = grey.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(thumb)
    hashes = [perceptual_hash(orient(pixels, turn)) for turn in range(ORIENTATIONS)]
    fault = fault or unclear_turn(header)
    note = f"{path}: {fault}" if fault else ""
    return bytes_digest(content), np.array(hashes, np.uint64), pixels, note


def without_flat_borders(grey: Image.Image) -> Image.Image:
    """Return a grey image without even stripes along its sides, such as the bars of a letterbox.

    Pictures with the same bars would look alike whatever they show. More than half of a side is
    not cut off: a picture with so much of one colour is left whole.
    """
    pixels = np.asarray(grey)
    (top, bottom), (left, right) = _flat_ends(pixels), _flat_ends(pixels.T)
    height, width = pixels.shape
    if top + bottom > height / 2 or left + right > width / 2:
        return grey
    return grey.crop((left, top, width - right, height - bottom))


def _flat_ends(pixels: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Return how many lines at the start and at the end are of one grey, up to JPEG's noise."""
    low, high = pixels.min(axis=1).astype(int), pixels.max(axis=1).astype(int)
    ends = []
    for step in (1, -1):
        lows, highs = low[::step], high[::step]
        range_so_far = np.maximum.accumulate(highs) - np.minimum.accumulate(lows)
        uneven = range_so_far > FLAT_RANGE
        ends.append(int(np.argmax(uneven)) if uneven.any() else len(lows))
    return ends[0], ends[1]


def orient(pixels: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    """Return an image in one of eight orientations: four quarter turns, then mirrored ones."""
    mirrored = pixels[..., ::-1] if turn >= ORIENTATIONS // 2 else pixels
    return np.rot90(mirrored, turn % 4, axes=(-2, -1))


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> int:
    """Return 64 bits: which of the lowest 8x8 cosines of a grey image are above their median.

    Equal to ImageHash's `phash`, where rounding errors do not decide a bit there: cosines are
    rounded, so that equal ones, as of symmetric images, stay equal on every machine.

    Source: Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    small = np.asarray(image.resize((HASH_SIDE, HASH_SIDE), Image.Resampling.LANCZOS), np.float64)
    low = (_COSINES @ small @ _COSINES.T).round(6)
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def pairs_within(hashes: npt.NDArray[np.uint64], radius: int, block: int = 128) -> IntArray:
    """Return pairs of images whose hashes differ in at most `radius` bits in some orientation.

    Args:
        hashes: Shape (I, 8).
        radius: Bits.
        block: Images compared with all others at a time; bounds the memory.

    Returns:
        Shape (P, 3): i < j and the orientation of j that resembles i most.
    """
    found = []
    for start in range(0, len(hashes), block):
        own = hashes[start : start + block, 0]
        others = hashes[start:]
        distance = np.bitwise_count(own[:, None, None] ^ others[None])  # (block, I - start, 8)
        turn = distance.argmin(axis=2)
        row, column = np.nonzero(distance.min(axis=2) <= radius)
        chosen = column > row
        row, column = row[chosen], column[chosen]
        found.append(np.column_stack([row + start, column + start, turn[row, column]]))
    return np.concatenate(found) if found else np.zeros((0, 3), np.int64)
