"""`podium new`: from each layout to a config that loads, with its own images and split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from PIL import ExifTags, Image

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.image_folders import images_folder_of
from custom.new_competition.configs import image_scale
from custom.splits import read_split
from custom.tables.coco import read_ground_truth
from custom.testing.toy_layouts import LAYOUTS, make_layout
from custom.training.checks.data import check_images, check_parts, check_test_images, check_val_file
from custom.training.checks.facts import Facts
from custom.training.configuration import RunOptions, load_config
from tools.new import main

CONFIG = "configs/mine/yolox_nano.py"


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def new(*options: object) -> Any:
    """Make the competition `mine` and return its config's facts."""
    assert main(["mine", "--workers", "1", "--folds", "2", *map(str, options)]) == 0
    return load_config(CONFIG, RunOptions()).competition


def checked() -> Facts:
    """Check the data as a training does, and return what was looked at."""
    facts = Facts(load_config(CONFIG, RunOptions()))
    for check in (check_val_file, check_parts, check_images, check_test_images):
        check(facts)
    return facts


@pytest.mark.parametrize("kind", LAYOUTS)
def test_each_layout_is_recognised(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_layout(kind, tmp_path / "set")
    competition = new("--train", "set")
    for part, (ann_file, images) in made.items():
        assert Path("set", competition[f"{part}_ann"]).resolve() == ann_file
        assert images_folder_of(competition, part).resolve() == images
    facts = checked()
    own_val = "val" in made
    assert facts.split.num_folds == (1 if own_val else 2)
    assert all(facts.split.contents)
    assert len(facts.judged.images) + len(facts.chosen.images) == (18 if own_val else 12)
    assert len(facts.judged.images) == 6 or not own_val
    said = capsys.readouterr().out
    assert ("judge, as the one fold" if own_val else "val: 2 folds") in said
    assert ("class shapes has no boxes" in said) == (kind == "roboflow")
    assert ("test: 4 images, as listed" if "test" in made else "test: none found") in said


def test_a_part_s_own_folder_finds_the_others(tmp_path: Path) -> None:
    make_layout("roboflow", tmp_path / "set")
    competition = new("--train", "set/train", "--test", "set/test", "--val", "none")
    assert competition.train_images == "train"
    assert competition.test_images == "test"
    assert "val_ann" not in competition
    assert checked().split.num_folds == 2


def test_a_folder_of_pictures_is_listed_as_they_are_seen(tmp_path: Path) -> None:
    ann_file, _ = make_layout("cvat", tmp_path / "set")["train"]
    (tmp_path / "pictures/deep").mkdir(parents=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "pictures/b.jpg", exif=exif)
    Image.new("RGB", (40, 30)).save(tmp_path / "pictures/deep/a.png")
    (tmp_path / "pictures/notes.txt").write_text("x")
    competition = new("--train", ann_file, "--test", "pictures")
    listed = read_json("data/mine/test.json")
    assert [(i["id"], i["file_name"], i["width"], i["height"]) for i in listed["images"]] == [
        (1, "b.jpg", 30, 40),
        (2, "deep/a.png", 40, 30),
    ]
    assert listed["categories"] == read_json(ann_file)["categories"]
    assert images_folder_of(competition, "test") == tmp_path / "pictures"
    checked()


@pytest.mark.parametrize("lacking", ["categories", "sizes"])
def test_a_list_is_completed(tmp_path: Path, lacking: str) -> None:
    test_file, _ = make_layout("flat", tmp_path / "set")["test"]
    content = read_json(test_file)
    whole = [(i["file_name"], i["width"], i["height"]) for i in content["images"]]
    if lacking == "categories":
        del content["categories"]
    else:
        content["images"] = [{k: i[k] for k in ("id", "file_name")} for i in content["images"]]
    write_json(test_file, content)
    competition = new("--train", "set")
    gt = read_ground_truth(Path("set", competition.test_ann))
    assert Path("set", competition.test_ann).resolve() == tmp_path / "data/mine/test.json"
    sizes = gt.images.sizes_hw[:, ::-1].tolist()
    assert [(n, *s) for n, s in zip(gt.images.file_names, sizes, strict=True)] == whole
    checked()


def test_a_val_file_of_train_images_is_no_val_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, _ = make_layout("flat", tmp_path / "set")["train"]
    content = read_json(train)
    content["images"] = content["images"][:3]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] < 3]
    write_json(tmp_path / "set/val.json", content)
    with pytest.raises(PodiumError, match=r"images of its own, but .*val\.json lists images of"):
        new("--train", "set", "--val", "set/val.json")
    assert "val_ann" not in new("--train", "set")
    assert "such as train_0000.png: not used" in capsys.readouterr().out


def test_what_is_not_clear_is_refused_and_nothing_written(tmp_path: Path) -> None:
    made = make_layout("flat", tmp_path / "set")
    for name in ("../x", "a b", ""):
        with pytest.raises(PodiumError, match="must be letters, digits"):
            main([name, "--train", "set"])
    with pytest.raises(PodiumError, match=r"bccd\.py must not exist yet, but does"):
        main(["bccd", "--train", "set"])
    with pytest.raises(PodiumError, match=r"--train must be an annotation file or a folder"):
        new("--train", "nowhere")
    with pytest.raises(PodiumError, match=r"must hold a COCO annotation file .*no JSON file"):
        new("--train", made["train"][1])
    (tmp_path / "set/train40.json").write_bytes(made["train"][0].read_bytes())
    with pytest.raises(PodiumError, match=r"one annotation file of the train images.*--train FILE"):
        new("--train", "set")
    (tmp_path / "set/train40.json").unlink()
    (tmp_path / "set/images/test_0001.png").write_bytes(b"x")
    (tmp_path / "only").mkdir()
    for path in (tmp_path / "set/images").glob("test_*"):
        path.rename(tmp_path / "only" / path.name)
    with pytest.raises(PodiumError, match=r"readable .* 1 of 4 are not:\n.*test_0001"):
        new("--train", "set", "--test", "only")
    assert not Path("configs").exists()
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("dtype", "high", "suffix", "depth"),
    [(np.uint16, 3000, "png", (0, 4095)), (np.float32, 0.7, "tif", (0, 1)),
     (np.float32, 9.0, "tif", (0.0, 9.0))],
)  # fmt: skip
def test_deep_images_get_a_rule_that_fits_them(
    tmp_path: Path, dtype: Any, high: float, suffix: str, depth: Any
) -> None:
    ann_file, images = make_layout("cvat", tmp_path / "set")["train"]
    content = read_json(ann_file)
    for image in content["images"]:
        values = np.linspace(0, high, 64 * 64).reshape(64, 64).astype(dtype)
        image["file_name"] = f"{image['id']}.{suffix}"
        Image.fromarray(np.roll(values, 300 * image["id"])).save(images / image["file_name"])
    write_json(ann_file, content)
    assert tuple(new("--train", "set", "--val", "none").depth) == depth
    checked()


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_each_part_s_images_are_checked_where_they_lie(tmp_path: Path, part: str) -> None:
    ann_file, images = make_layout("roboflow", tmp_path / "set")[part]
    new("--train", "set")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    content = read_json(ann_file)
    content["images"][0].update(width=64, height=48)
    content["annotations"] = [a for a in content.get("annotations", []) if a["image_id"] != 0]
    write_json(ann_file, content)
    Image.new("RGB", (64, 48)).save(images / "0000.png", exif=exif)
    with pytest.raises(PodiumError, match=rf"{images.name}/0000\.png: .*EXIF orientation is 6"):
        checked()
    Image.new("RGB", (64, 48)).save(images / "0000.png")
    checked()
    if part != "val":  # whose names the split knows: another one is missing there
        content["images"][1]["file_name"] = "../other/0001.png"
        write_json(ann_file, content)
        with pytest.raises(PodiumError, match=r"must lie below .*\.\./other/0001"):
            checked()


def test_configs_are_as_the_formatter_has_them(tmp_path: Path) -> None:
    make_layout("flat", tmp_path / "set")
    train = read_json(tmp_path / "set/train.json")
    names = ("it's", 'a "b"', "c\\d")
    for part in ("train", "val", "test"):
        content = read_json(tmp_path / f"set/{part}.json")
        content["categories"] = [{"id": i, "name": name} for i, name in enumerate(names)]
        write_json(tmp_path / f"set/{part}.json", content)
    assert len(train["categories"]) == len(names)
    assert tuple(new("--train", "set").classes) == names
    assert Config.fromfile(CONFIG).competition.split == "data/mine/splits/own-val"
    assert read_split("data/mine/splits/own-val").num_folds == 1


@pytest.mark.parametrize(
    ("size_hw", "scale"),
    [
        ((480, 640), (640, 480)),
        ((3024, 4032), (640, 480)),
        ((36, 48), (64, 64)),
        ((900, 300), (224, 640)),
    ],
)
def test_the_scale_keeps_the_aspect_in_multiples_of_32(size_hw: Any, scale: Any) -> None:
    assert image_scale(np.array([size_hw] * 3)) == scale
