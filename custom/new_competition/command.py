"""What `podium new` does: look at the files, seal a split, write configs, say what it assumed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, metric_of
from custom.files import read_json, write_json, write_text
from custom.new_competition.configs import config_texts, image_scale
from custom.new_competition.deep import depth_rule
from custom.new_competition.layout import Sources, find_sources, layout_of
from custom.new_competition.listing import check_classes, completed, list_pictures
from custom.shipped import copy_configs, folder_of
from custom.splits.command import SplitRequest, SplitResult, run_split
from custom.splits.fingerprints import Track
from custom.splits.names import images_folder
from custom.submission.formats import format_of
from custom.tables import GroundTruth, Images
from custom.tables.coco import ground_truth_of, read_ground_truth

CONFIGS = Path("configs")
_NEEDED = Path("_base_", "models", "yolox_nano.py")


@dataclass(frozen=True)
class NewRequest:
    """What is wanted.

    Attributes:
        name: Of the competition.
        train: Its annotations, or a folder that has them.
        test: Its list of test images, or a folder that has it, or pictures; None to look for it.
        val: An organiser's val annotations; "none" to make folds all the same; None to look for it.
        images: Folders of "train", "val" and "test" images; those not here are looked for.
        folds: How many, where the organiser gives no val set.
        seed: Of the split.
        metric: The competition's; None for the format's.
        format_name: Of submissions.
        workers: Processes that decode images.
    """

    name: str
    train: Path
    test: Path | None = None
    val: str | None = None
    images: dict[str, Path] = field(default_factory=dict)
    folds: int = 5
    seed: int = 42
    metric: str | None = None
    format_name: str = "coco"
    workers: int = 2


@dataclass(frozen=True, eq=False)
class Made:
    """What was made, and what was assumed.

    Attributes:
        assumed: A sentence each.
        files: What was written, the config to train last.
        split: The sealed split.
    """

    assumed: list[str]
    files: list[Path]
    split: SplitResult


@dataclass(eq=False)
class _Plan:
    """What is known of the data set before anything is written."""

    sources: Sources
    train: GroundTruth
    facts: dict[str, Any]
    assumed: list[str]
    val_images: Path | None = None
    test_list: tuple[Path, dict[str, Any]] | None = None


def make_competition(request: NewRequest, track: Track | None = None) -> Made:
    """Make a competition of a data set: configs, the list of its test images, a sealed split.

    Args:
        request: What is wanted.
        track: Wraps the images as they are looked at, for a progress bar.

    Raises:
        PodiumError: If the name is taken, or the files are not what they must be; then no config
            is written.
    """
    _check_name(request.name)
    plan = _plan(request)
    scale = image_scale(plan.train.images.sizes_hw)
    split = run_split(_split_request(request, plan), track)
    plan.facts["split"] = split.split.folder.as_posix()
    written = []
    if plan.test_list is not None:
        write_json(*plan.test_list, indent=False)
        written.append(plan.test_list[0])
    if not CONFIGS.exists():
        copy_configs(CONFIGS)
        plan.assumed.append("there was no folder configs/: the shipped ones are copied there")
    for path, text in config_texts(request.name, plan.facts, scale).items():
        write_text(CONFIGS / path, text)
        written.append(CONFIGS / path)
    plan.assumed.append(f"images are trained at {scale[0]}x{scale[1]} at most")
    return Made(plan.assumed, written, split)


def _check_name(name: str) -> None:
    """Refuse a name that is no plain one or that a competition has."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise PodiumError(f"a competition's name must be letters, digits, _ and -, but is {name!r}")
    configs = CONFIGS if CONFIGS.exists() else folder_of("configs")
    if not (configs / _NEEDED).is_file():
        raise PodiumError(
            f"{configs} must hold the shipped configs, but lacks {_NEEDED}; work in a folder "
            "without configs/, or copy them: podium init NEW"
        )
    for path in config_texts(name, {}, (0, 0)):
        if (configs / path).exists():
            raise PodiumError(f"{configs / path} must not exist yet, but does; take another name")


def _plan(request: NewRequest) -> _Plan:
    """Look at all files."""
    form = format_of(request.format_name)
    metric = metric_of(request.metric or form.metric or DEFAULT_METRIC).name
    sources = find_sources(request.train, request.test, request.val)
    train = read_ground_truth(sources.train)
    images = _folder(sources.train, train.images, request.images.get("train"))
    facts: dict[str, Any] = {
        "name": request.name,
        "metric": metric,
        "format": form.name,
        "data_root": sources.root.as_posix(),
        "train_ann": _inside(sources.train, sources.root),
        "train_images": _inside(images, sources.root),
    }
    assumed = [
        f"layout: {layout_of(sources.train, images)}",
        f"train: {len(train.images)} images, {train.num_boxes} boxes of "
        f"{len(train.categories)} classes ({', '.join(train.categories.names)})",
        *_root_category(train),
    ]
    if depth := depth_rule(images, train.images.file_names):
        facts["depth"] = depth.rule
        assumed.append(depth.said)
    plan = _Plan(sources, train, facts, assumed)
    _plan_val(request, plan, images)
    _plan_test(request, plan)
    assumed.append(f"metric {metric}, submissions as {form.name} (--metric, --format)")
    facts |= {"split": "", "fold": 0, "classes": train.categories.names}
    return plan


def _folder(ann_file: Path, images: Images, named: Path | None) -> Path:
    folder = images_folder(ann_file, images, named)
    if folder is None:
        raise PodiumError(
            f"the images of {ann_file} must be beside it or as a known layout has them, but none "
            f"is found, such as {images.file_names[0]}; name their folder: --train-images, "
            "--val-images or --test-images"
        )
    return folder


def _inside(path: Path, root: Path) -> str:
    """Return a path from the data root, or an absolute one where it lies elsewhere."""
    whole, top = path.resolve(), root.resolve()
    if not whole.is_relative_to(top):
        return whole.as_posix()
    inside = whole.relative_to(top).as_posix()
    return "" if inside == "." else inside


def _root_category(train: GroundTruth) -> list[str]:
    """Say that a category without boxes stands above all the others, as Roboflow's does."""
    categories = read_json(train.source)["categories"]
    used = {train.categories.ids[label] for label in set(train.labels.tolist())}
    above = {c.get("supercategory") for c in categories if c["id"] in used}
    roots = [c["name"] for c in categories if c["id"] not in used and above == {c["name"]}]
    return [
        f"class {name} has no boxes and stands above the others; `podium labels repair "
        f"{train.source} --drop-root --out NEW.json` writes annotations without it"
        for name in roots
    ]


def _plan_val(request: NewRequest, plan: _Plan, train_images: Path) -> None:
    """Let an organiser's val set judge, unless its images are the train images."""
    val_file = plan.sources.val
    if val_file is None:
        plan.assumed.append(f"val: {request.folds} folds of the train images (--folds, --val)")
        return
    val = read_ground_truth(val_file)
    images = _folder(val_file, val.images, request.images.get("val"))
    names = set(plan.train.images.file_names)
    shared = [n for n in val.images.file_names if n in names and images.samefile(train_images)]
    if shared:
        text = f"{val_file} lists images of {plan.sources.train}, such as {shared[0]}"
        if request.val is not None:
            raise PodiumError(f"a val set must have images of its own, but {text}")
        plan.assumed.append(f"val: {request.folds} folds of the train images; {text}: not used")
        plan.sources = Sources(plan.sources.root, plan.sources.train, None, plan.sources.test)
        return
    plan.val_images = images
    plan.facts["val_ann"] = _inside(val_file, plan.sources.root)
    plan.facts["val_images"] = _inside(images, plan.sources.root)
    plan.assumed.append(
        f"val: the {len(val.images)} images of {val_file} judge, as the one fold (--val none: "
        f"{request.folds} folds of the train images instead)"
    )


def _plan_test(request: NewRequest, plan: _Plan) -> None:
    """Find the test images' list, complete it, or make it."""
    test, root = plan.sources.test, plan.sources.root
    if test is None:
        plan.facts |= {"test_ann": "test.json"}
        plan.assumed.append("test: none found; predicting needs it (competition.test_ann)")
        return
    if test.is_dir():
        content: dict[str, Any] | None = list_pictures(
            test, read_json(plan.sources.train)["categories"]
        )
        listed, images = ground_truth_of(content or {}, test), test
    else:
        names = tuple(str(image.get("file_name")) for image in read_json(test).get("images") or ())
        images = _folder(test, _named(names, test), request.images.get("test"))
        content = completed(test, plan.sources.train, images)
        listed = ground_truth_of(content, test) if content else read_ground_truth(test)
    check_classes(listed.categories, plan.train.categories, test, plan.sources.train)
    how = "as listed in" if content is None else "completed from" if test.is_file() else "listed of"
    plan.assumed.append(f"test: {len(listed.images)} images, {how} {test}")
    if content is not None:
        test = _list_file(request.name, content)
        plan.test_list = (test, content)
    plan.facts["test_ann"] = _inside(test, root)
    plan.facts["test_images"] = _inside(images, root)


def _named(names: tuple[str, ...], source: Path) -> Images:
    """Return images of which nothing but the names is known."""
    return Images(np.arange(len(names)), names, np.ones((len(names), 2), np.int64), str(source))


def _list_file(name: str, content: dict[str, Any]) -> Path:
    """Return a free place for the list of test images, or where the same one is already."""
    for file_name in ("test.json", "test_list.json"):
        path = Path("data", name, file_name)
        if not path.exists() or read_json(path) == content:
            return path
    raise PodiumError(f"{path} must be free for the list of test images, but exists; move it")


def _split_request(request: NewRequest, plan: _Plan) -> SplitRequest:
    root = plan.sources.root
    return SplitRequest(
        plan.sources.train,
        request.folds,
        request.seed,
        out=Path("data", request.name, "splits"),
        images=Path(os.path.join(root, plan.facts["train_images"])),
        report=Path("reports", f"duplicates-{request.name}.html"),
        workers=request.workers,
        val_file=plan.sources.val,
        val_images=plan.val_images,
    )
