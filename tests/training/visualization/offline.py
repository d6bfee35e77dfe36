"""Reading back what wandb's offline mode and TensorBoard wrote."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 32768
WHOLE, LAST = 1, 4


@dataclass
class WandbRecords:
    """What an offline run recorded."""

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, str]] = field(default_factory=list)
    exit_code: int | None = None

    def of(self, key: str) -> list[Any]:
        """Return every logged value of a key, in order."""
        return [row[key] for row in self.history if key in row]

    def file(self, path: str) -> Path:
        """Return a file that an entry of the history names."""
        return self.folder / "files" / path


def read_wandb(vis_data: Path) -> WandbRecords:
    """Read the one offline run below a folder, once wandb's own process has written its end."""
    (path,) = vis_data.glob("wandb/offline-run-*/run-*.wandb")
    for _ in range(60):
        records = _parse(path)
        if records.exit_code is not None:
            return records
        time.sleep(0.5)
    raise AssertionError(f"{path} has no end")


def _parse(path: Path) -> WandbRecords:
    from wandb.proto import wandb_internal_pb2 as pb

    found = WandbRecords(path.parent)
    for payload in _payloads(path.read_bytes()):
        record = pb.Record()
        record.ParseFromString(payload)
        kind = record.WhichOneof("record_type")
        if kind in ("config", "run"):
            config = record.config if kind == "config" else record.run.config
            _update(found.config, config.update)
        elif kind == "summary":
            _update(found.summary, record.summary.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            _update(row, record.history.item)
            found.history.append(row)
        elif kind == "artifact" or (kind == "request" and record.request.HasField("log_artifact")):
            artifact = (
                record.artifact if kind == "artifact" else record.request.log_artifact.artifact
            )
            contents = artifact.manifest.contents
            found.artifacts.append({entry.path: entry.local_path for entry in contents})
        elif kind == "exit":
            found.exit_code = record.exit.exit_code
    return found


def _update(target: dict[str, Any], items: Any) -> None:
    for item in items:
        key = item.key or "/".join(item.nested_key)
        target[key] = json.loads(item.value_json)


def _payloads(content: bytes) -> Iterator[bytes]:
    """Yield the records of LevelDB's log format: blocks of pieces, each with a header of 7 bytes.

    The file begins with a header of the same length.
    """
    position, parts = 7, b""
    while position + 7 <= len(content):
        left = BLOCK - position % BLOCK
        if left < 7:
            position += left
            continue
        length = int.from_bytes(content[position + 4 : position + 6], "little")
        kind = content[position + 6]
        parts += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (WHOLE, LAST):
            yield parts
            parts = b""


def read_tensorboard(vis_data: Path) -> Any:
    """Return TensorBoard's own reader of the event files in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(vis_data), size_guidance={"images": 0, "tensors": 0})
    return reader.Reload()


def texts(reader: Any, tag: str) -> str:
    """Return the text of a tag."""
    (event,) = reader.Tensors(f"{tag}/text_summary")
    return event.tensor_proto.string_val[0].decode()
