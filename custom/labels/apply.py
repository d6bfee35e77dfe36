"""Apply patches to an annotation file, into another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom.boxes import TOLERANCE_PX
from custom.errors import PodiumError
from custom.files import PathLike, check_replaceable, read_json, real_path, write_json
from custom.labels.patch import ADD, MOVE, RELABEL, REMOVE, Edit, read_patches
from custom.labels.repair import read_lenient
from custom.splits.names import NameIndex
from custom.tables.coco import ground_truth_of
from custom.tables.records import boxes, column, integers, texts

Content = dict[str, Any]
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Applied:
    """What was done: how many edits of each kind."""

    counts: dict[str, int]
    out: Path


def apply_patches(
    ann_file: PathLike, patches: Sequence[PathLike], out: PathLike, overwrite: bool = False
) -> Applied:
    """Write `ann_file` with the edits of some patches to `out`.

    Everything else in the file stays as it is, ids too; added boxes get new ids. The result is
    checked as any annotation file is.

    Raises:
        PodiumError: If `out` is the file itself or one of the patches, edits contradict each
            other, an edit no longer fits since its image, class or box is not there, or `out`
            exists with another content and `overwrite` is not set. Nothing is written then.
    """
    ann_file, out = Path(ann_file), Path(out)
    if real_path(out) in map(real_path, (ann_file, *patches)):
        raise PodiumError(
            f"patches are never applied in place: --out must be another file than {out}, which is "
            "read"
        )
    edits = read_patches(patches)
    content = read_lenient(ann_file)  # a patch may fix what makes the file invalid
    _check_structure(content, ann_file)
    _Editor(content, str(ann_file)).apply_all(edits)
    check_replaceable(
        [out], (), overwrite, lambda path: read_json(path) == content, "use --overwrite"
    )
    try:
        ground_truth_of(content, ann_file)
    except PodiumError as error:
        raise PodiumError(f"the patches must leave {ann_file} valid, but: {error}") from error
    write_json(out, content, indent=False)
    counts = {
        kind: sum(edit.edit == kind for edit in edits) for kind in (ADD, REMOVE, RELABEL, MOVE)
    }
    return Applied(counts, out)


def _check_structure(content: Content, ann_file: Path) -> None:
    """Refuse a file in which edits cannot be looked up; boxes may be wrong in other ways."""
    integers(content["images"], "id", ann_file, "image")
    texts(content["images"], "file_name", ann_file, "image")
    texts(content["categories"], "name", ann_file, "category")
    known = {entry.get("id") for entry in content["categories"]}
    integers(content["annotations"], "id", ann_file, "annotation")
    boxes(content["annotations"], ann_file, "annotation")
    for key, ids in (("image_id", None), ("category_id", known)):
        for value in column(content["annotations"], key, ann_file, "annotation"):
            if ids is not None and value not in ids:
                raise PodiumError(f"{ann_file}: {key} {value!r} is not in the file")


class _Editor:
    """COCO content with its annotations found by image and box."""

    def __init__(self, content: Content, source: str) -> None:
        self.content, self.source = content, source
        images = content["images"]
        self.index = NameIndex(image["file_name"] for image in images)
        self.image_ids = [image["id"] for image in images]
        self.names = {entry["id"]: entry["name"] for entry in content["categories"]}
        self.ids = {name: category_id for category_id, name in self.names.items()}
        self.by_image: dict[int, list[Content]] = {}
        for annotation in content.setdefault("annotations", []):
            self.by_image.setdefault(annotation["image_id"], []).append(annotation)
        self.next_id = max((a["id"] for a in content["annotations"]), default=0) + 1

    def apply_all(self, edits: Sequence[Edit]) -> None:
        """Find every edit's box in the file as it is, then make all edits."""
        issues, found = [], []
        for edit in edits:
            issue, image_id, annotation = self._find(edit)
            if issue:
                issues.append(
                    f"  {edit.edit} {edit.category} {list(edit.box)} on {edit.image}: {issue}"
                )
            found.append((edit, image_id, annotation))
        if issues:
            more = len(issues) - NAMED_AT_MOST
            raise PodiumError(
                f"{self.source}: {len(issues)} of {len(edits)} edits no longer fit; remove their "
                "lines, or apply them to the file that they were made for:\n"
                + "\n".join(issues[:NAMED_AT_MOST])
                + (f"\n  and {more} more" if more > 0 else "")
            )
        for edit, image_id, annotation in found:
            self._apply(edit, image_id, annotation)

    def _find(self, edit: Edit) -> tuple[str, int, Content]:
        """Return what does not fit, or the image's id and the annotation that is meant."""
        position = self.index.find(edit.image)
        if position is None:
            return "there is no such image", 0, {}
        for name in (edit.category, edit.to if edit.edit == RELABEL else edit.category):
            if name not in self.ids:
                return f"there is no class {name!r}", 0, {}
        image_id = self.image_ids[position]
        near = [
            (distance, annotation)
            for annotation in self.by_image.get(image_id, [])
            if self.names[annotation["category_id"]] == edit.category
            and (distance := _distance(edit.box, annotation["bbox"])) <= TOLERANCE_PX
        ]
        if edit.edit == ADD:
            return ("that box is there already" if near else ""), image_id, {}
        if not near:
            return "there is no such box", image_id, {}
        return "", image_id, min(near, key=lambda pair: pair[0])[1]

    def _apply(self, edit: Edit, image_id: int, annotation: Content) -> None:
        if edit.edit == ADD:
            category_id = self.ids[edit.category]
            added = {"id": self.next_id, "image_id": image_id, "category_id": category_id}
            _set_box(added, edit.box)
            self.content["annotations"].append({**added, "iscrowd": 0})
            self.next_id += 1
        elif edit.edit == REMOVE:
            self.content["annotations"] = [
                other for other in self.content["annotations"] if other is not annotation
            ]
        elif edit.edit == RELABEL:
            annotation["category_id"] = self.ids[str(edit.to)]
        elif not isinstance(edit.to, str) and edit.to is not None:
            _set_box(annotation, edit.to)


def _set_box(annotation: Content, box: Sequence[float]) -> None:
    """Set box and area; a mask of the old box would contradict the new one."""
    annotation["bbox"] = list(box)
    annotation["area"] = round(box[2] * box[3], 2)
    if "segmentation" in annotation:
        annotation["segmentation"] = []


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the largest difference of a coordinate, in pixels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
