"""Checkpoints: read as tensors and plain data, so that no file runs code, wherever it comes from.

Importing this makes MMEngine read its checkpoints here too: those that a runner loads or resumes,
and those that a backbone's `init_cfg` names.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import URLError

import mmengine
import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner.checkpoint import (
    CheckpointLoader,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
)
from numpy._core import multiarray

from custom.errors import PodiumError
from custom.files import PathLike, read_bytes, read_json

logger = logging.getLogger(__name__)

# Every scheme that MMEngine has a reader of its own for, as it spells them.
_SCHEMES = (
    "", "http://", "https://", "modelzoo://", "torchvision://", "open-mmlab://", "openmmlab://",
    "mmcls://", "pavi://", r"(\S+\:)?s3://", r"(\S+\:)?petrel://", "timm://",
)  # fmt: skip
_HUGGING_FACE = "https://huggingface.co/"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_trusted: set[str] = set()


def trust_checkpoints(digests: Iterable[str]) -> None:
    """Let the files with these SHA-256 digests be unpickled, which may run code from them.

    Raises:
        PodiumError: If one is no such digest.
    """
    for digest in digests:
        if not _DIGEST.fullmatch(digest.lower()):
            raise PodiumError(
                f"--trust-checkpoint must be the SHA-256 of a file, 64 hexadecimal digits, but is "
                f"{digest!r}; sha256sum FILE prints it"
            )
        _trusted.add(digest.lower())


def read_checkpoint(path: PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint from a file, a URL or a name as `torchvision://resnet50`.

    A `.safetensors` file is taken as the weights of a model.

    Args:
        path: The file, URL or name.
        map_location: Where its tensors go; "meta" reads none of their values.

    Raises:
        PodiumError: If there is none, it cannot be had or is damaged, or it holds more than tensors
            and plain data and is not trusted.
    """
    source = str(path)
    file = fetch(source)
    try:
        content = _load(file, map_location)
    except PodiumError:
        raise
    except Exception as error:  # torch's readers raise what a damaged file makes them raise
        raise PodiumError(f"cannot read the checkpoint {path}: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise PodiumError(f"{path} must hold a dict, but holds a {type(content).__name__}")
    return _without_prefix(content) if source.startswith("mmcls://") else content


def fetch(checkpoint: PathLike) -> Path:
    """Return the file of a checkpoint, downloaded into torch's cache where it is not there yet.

    Args:
        checkpoint: A file, a URL, or a name that MMEngine knows a URL for.

    Raises:
        PodiumError: If there is no such file or name, or it cannot be downloaded.
    """
    url = url_of(str(checkpoint))
    if url is None:
        file = Path(checkpoint).expanduser()
        if not file.is_file():
            raise PodiumError(f"the checkpoint must be a file or a URL, but is neither: {file}")
        return file
    file = Path(torch.hub.get_dir()) / "checkpoints" / _file_name(url)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(file))
        except (URLError, OSError) as error:
            raise PodiumError(
                f"{checkpoint} could not be downloaded from {url} ({error}); put the file there "
                f"yourself: {file}"
            ) from error
    return file


def _file_name(url: str) -> str:
    """Return the name of a downloaded file; on Hugging Face's hub many files have the same one."""
    name = url.rsplit("/", 1)[-1]
    if url.startswith(_HUGGING_FACE):
        owner, repository = url.removeprefix(_HUGGING_FACE).split("/")[:2]
        return f"{owner}_{repository}_{name}"
    return name


def url_of(checkpoint: str) -> str | None:
    """Return the URL behind a URL or a name such as `torchvision://resnet50`; None for a file.

    The names are those of MMEngine's own tables, so that torchvision need not be installed, and
    `timm://NAME` for a model of timm's on Hugging Face's hub.

    Raises:
        PodiumError: If nothing is known by that name.
    """
    scheme, separator, name = checkpoint.partition("://")
    if not separator:
        return None
    if scheme in ("http", "https"):
        return checkpoint
    if scheme == "timm":
        return f"{_HUGGING_FACE}timm/{name}/resolve/main/model.safetensors"
    table = _names_of(scheme)
    name = get_deprecated_model_names().get(name, name) if "mmlab" in scheme else name
    url = table.get(name)
    if not str(url).startswith(("http://", "https://")):
        near = get_close_matches(name, table, n=3)
        hint = f"did you mean {' or '.join(near)}? Else" if near else "instead"
        raise PodiumError(
            f"the checkpoint {checkpoint} must be a name that MMEngine has a URL for, but is none; "
            f"{hint} give a file or the URL itself"
        )
    return url


def _names_of(scheme: str) -> dict[str, str]:
    if scheme in ("torchvision", "modelzoo"):
        return read_json(Path(mmengine.__file__).parent / "hub" / "torchvision_0.12.json")
    if scheme in ("open-mmlab", "openmmlab"):
        return get_external_models()
    return get_mmcls_models() if scheme == "mmcls" else {}


def _load(file: Path, map_location: Any) -> Any:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file  # comes with the extras that read such files

        return {"state_dict": load_file(file, "cpu" if map_location == "meta" else map_location)}
    try:
        with torch.serialization.safe_globals(_plain_classes()):
            return torch.load(file, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        content = read_bytes(file)
        digest = hashlib.sha256(content).hexdigest()
        if digest not in _trusted:
            raise _refusal(file, digest, error) from error
    logger.warning("%s is unpickled, since --trust-checkpoint names it", file)
    return torch.load(io.BytesIO(content), map_location=map_location, weights_only=False)


def _refusal(file: Path, digest: str, error: pickle.UnpicklingError) -> PodiumError:
    """Return what is said of a file that only unpickling would read."""
    if "Unsupported operand" in str(error):
        return PodiumError(
            f"cannot read the checkpoint {file}: it is damaged, or nothing that torch.save wrote"
        )
    found = re.search(r"GLOBAL (\S+)", str(error))
    what = found[1] if found else "objects of other classes"
    return PodiumError(
        f"{file} must hold tensors and plain data, but also holds {what}, and to "
        "load that would run code from the file. Where it comes from, save its state dict alone: "
        "torch.save(model.state_dict(), FILE). Or, if you trust whoever made it: "
        f"--trust-checkpoint {digest}"
    )


@cache
def _plain_classes() -> list[Any]:
    """Return what a checkpoint may hold besides tensors: numpy's numbers and MMEngine's log."""
    reader = multiarray._reconstruct
    kinds = ("bool", "uint8", "int32", "int64", "float32", "float64")
    return [
        HistoryBuffer, np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in kinds),
        # By the names that numpy 1 and 2 write.
        *((reader, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
        *((multiarray.scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
        # A HistoryBuffer is stored with its own methods, which pickle takes by `getattr`.
        (_method_of_log, "builtins.getattr"),
    ]  # fmt: skip


def _method_of_log(owner: Any, name: str) -> Any:
    """Return a method of HistoryBuffer; nothing else may be taken by `getattr`."""
    if owner is not HistoryBuffer or name not in ("min", "max", "mean", "current"):
        raise pickle.UnpicklingError(f"GLOBAL builtins.getattr({owner!r:.40}, {name!r:.40})")
    return getattr(HistoryBuffer, name)


def _without_prefix(content: dict[str, Any]) -> dict[str, Any]:
    """Return a classifier's checkpoint as that of its backbone alone."""
    state = content.get("state_dict", content)
    prefix = "backbone."
    return {"state_dict": {n[len(prefix) :]: v for n, v in state.items() if n.startswith(prefix)}}


def _first_line(error: Exception) -> str:
    return f"{error or type(error).__name__}".strip().partition("\n")[0]


def load_from_podium(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint for MMEngine, which logs this name: "by podium backend"."""
    return read_checkpoint(filename, map_location or "cpu")


CheckpointLoader.register_scheme(_SCHEMES, load_from_podium, force=True)
