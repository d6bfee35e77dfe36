"""Pictures for a browser, made once: a small one for grids and a large one to look at.

They are kept beside the reviews under a key of the file's path, size and time
of change, so that a second review of the same images makes none again. A review has its own hard
links to them (copies, where the disk has no links): its folder may be moved or sent as it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from custom.depth import Depth, to_8_bit
from custom.errors import PodiumError
from custom.files import atomic_path
from custom.image_files import find_images, read_image_bytes
from custom.tables import Images

SMALL_SIDE = 320
LARGE_SIDE = 1024
QUALITY = 80
# A larger file is not shown as it is: at this quality 1024x1024 pixels take less.
BYTES_AS_IT_IS = 200_000
FOLDER = "pictures"
NAMED_AT_MOST = 5
# Raise it when other pictures come out of the same files.
_VERSION = 3
_ORIENTATION_TAG = 0x0112
# Orientations that swap width and height.
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class _Job:
    """One image file, its annotated size, where its two pictures are kept, how it is scaled."""

    source: Path
    size_wh: tuple[int, int]
    cache: Path
    depth: Depth | None

    @property
    def key(self) -> str:
        """Names the pictures; another one when the file changes."""
        stat = self.source.stat()
        facts: tuple[object, ...] = (
            str(self.source.resolve()),
            stat.st_size,
            stat.st_mtime_ns,
            _VERSION,
        )
        facts += () if self.depth is None else (self.depth,)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def make_pictures(
    folder: Path,
    images_dir: Path,
    images: Images,
    chosen: Sequence[int],
    cache: Path | None,
    workers: int | None = None,
    depth: Depth | None = None,
) -> dict[int, str]:
    """Put two pictures of each chosen image into `folder`/pictures.

    Args:
        folder: The review's folder.
        images_dir: Where the images' file names start from.
        images: Names and sizes.
        chosen: Positions of the images.
        cache: Where pictures are kept for the next review; None to keep none.
        workers: Threads; Pillow lets them run side by side.
        depth: How pixels of more than 8 bits are scaled, as in training; None: image by image.

    Returns:
        By position the key of the pictures: `<key>.jpg`, and `<key>-small.jpg`.

    Raises:
        PodiumError: If files are missing, broken or of another size than annotated; the first
            of them are named.
    """
    own = folder / FOLDER
    cache = own if cache is None else cache
    sizes_wh = images.sizes_hw[:, ::-1].tolist()
    paths = find_images(images_dir, images.file_names).paths
    jobs = [_Job(paths[i], tuple(sizes_wh[i]), cache, depth) for i in map(int, chosen)]
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        results = list(pool.map(_make, jobs))
    _refuse_broken([result for result in results if isinstance(result, _Broken)], len(jobs), images)
    keys = [str(result) for result in results]
    own.mkdir(parents=True, exist_ok=True)
    for name in {name for key in keys for name in names_of(key)}:
        _link(cache / name, own / name)
    return dict(zip(map(int, chosen), keys, strict=True))


def names_of(key: str) -> tuple[str, str]:
    """Return the file names of the small and the large picture."""
    return f"{key}-small.jpg", f"{key}.jpg"


@dataclass(frozen=True)
class _Broken:
    """What is wrong with a file."""

    text: str


def _make(job: _Job) -> str | _Broken:
    """Make the pictures of one file, unless they are there; return their key."""
    try:
        key = job.key
        small, large = (job.cache / name for name in names_of(key))
        if not (small.is_file() and large.is_file()):
            _draw(job, small, large)
        return key
    except PodiumError as error:
        return _Broken(str(error))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _Broken(f"{job.source}: {reason}")


def _draw(job: _Job, small: Path, large: Path) -> None:
    with Image.open(io.BytesIO(read_image_bytes(job.source))) as image:
        turned = _is_turned(image, job)
        as_it_is = _shows_as_it_is(image) and job.source.stat().st_size <= BYTES_AS_IT_IS
        # A JPEG is decoded at half or a quarter of its size where that is enough.
        image.draft("RGB", (SMALL_SIDE, SMALL_SIDE) if as_it_is else (LARGE_SIDE, LARGE_SIDE))
        upright = ImageOps.exif_transpose(image) if turned else image
        picture = to_8_bit(upright, job.depth).convert("RGB")
    if as_it_is:
        with atomic_path(large) as temporary:
            shutil.copyfile(job.source, temporary)
    else:
        picture.thumbnail((LARGE_SIDE, LARGE_SIDE), Image.Resampling.LANCZOS)
        _save(picture, large)
    picture.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.BICUBIC)
    _save(picture, small)


def _shows_as_it_is(image: Image.Image) -> bool:
    """Return whether a browser shows the file itself, small enough, and never turned."""
    is_plain = image.format == "JPEG" and image.mode in ("L", "RGB")
    fits = max(image.size) <= LARGE_SIDE
    return is_plain and fits and image.getexif().get(_ORIENTATION_TAG, 1) == 1


def _is_turned(image: Image.Image, job: _Job) -> bool:
    """Return whether the pixels must be turned to lie as annotated, as the camera noted."""
    orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    shown = image.size[::-1] if orientation in _SIDEWAYS else image.size
    if orientation != 1 and shown == job.size_wh:
        return True
    if image.size != job.size_wh:
        width, height = job.size_wh
        raise PodiumError(
            f"{job.source}: annotated as {width}x{height}, but the file is "
            f"{image.width}x{image.height}"
        )
    return False


def _save(picture: Image.Image, path: Path) -> None:
    with atomic_path(path) as temporary:
        picture.save(temporary, "JPEG", quality=QUALITY)


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _refuse_broken(faults: Sequence[_Broken], total: int, images: Images) -> None:
    if not faults:
        return
    more = f"\n  and {len(faults) - NAMED_AT_MOST} more" if len(faults) > NAMED_AT_MOST else ""
    raise PodiumError(
        f"{images.source}: all {total} images that the review shows must be whole, but "
        f"{len(faults)} are not; restore them, name the folder that their file names start from, "
        "or review without --images:\n  "
        + "\n  ".join(fault.text for fault in faults[:NAMED_AT_MOST])
        + more
    )
