from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from custom.errors import PodiumError
from custom.splits import read_split
from custom.testing.toy_splits import coco, random_boxes, save_scene
from tools.split import main


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def save_images(folder: Path, num_images: int = 20) -> None:
    for seed in range(num_images):
        save_scene(folder / f"train/{seed:04d}.jpg", seed if seed != 7 else 3)


def test_the_default_place_and_the_printed_table(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not main([str(write_coco()), "--folds", "4", "--seed", "7"])
    printed = capsys.readouterr().out
    split = read_split("data/toy/splits/4fold-seed7")
    assert split.num_folds == 4
    assert split.hash[:12] in printed
    assert "fold 3" in printed
    assert "no images beside the annotations" in printed
    assert not main([str(write_coco()), "--check"])


def test_class_names_in_brackets_are_shown_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("sign [/30]", "car [parked]")
    path = tmp_path / "data/train.json"
    path.parent.mkdir()
    path.write_text(json.dumps(coco(20, random_boxes(20, 2), names)))
    assert not main([str(path), "--folds", "4"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)


def test_images_beside_the_annotations_are_looked_at(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_coco()
    save_images(path.parent)
    main([str(path), "--out", "out", "--name", "a", "--workers", "1"])
    assert "1 groups of near-duplicates" in capsys.readouterr().out
    split = read_split("out/a")
    assert all(split.contents)
    assert split.groups[3] == split.groups[7]
    for fold in range(5):
        assert len({3, 7} & set(split.val_ids(fold).tolist())) in (0, 2)
    page = Path("reports/duplicates-toy-a.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "train/0007.jpg" in page


@pytest.mark.parametrize("folds", [0, 1, -3])
def test_too_few_folds_are_told_before_the_images_are_looked_at(
    folds: int, write_coco: Callable[..., Path]
) -> None:
    path = write_coco()
    save_images(path.parent)
    with pytest.raises(PodiumError, match=f"folds must be at least 2, but are {folds}"):
        main([str(path), f"--folds={folds}", "--workers", "1"])


def test_a_truncated_image_is_named_before_anything_is_written(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_coco()
    save_images(path.parent)
    bad = path.parent / "train/0005.jpg"
    bad.write_bytes(bad.read_bytes()[:-300])
    with pytest.raises(PodiumError, match=r"0005\.jpg: image file is truncated"):
        main([str(path), "--out", "out"])
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "reports").exists()


def test_external_folds_and_groups(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_coco(coco(20, random_boxes(20)))
    ids = [Path("a.json"), Path("b.json")]
    for file, values in zip(ids, (range(9), range(9, 20)), strict=True):
        file.write_text(json.dumps(list(values)))
    main([str(path), "--from", "a.json", "b.json", "--group-by", r"/(\d\d\d)"])
    split = read_split("data/toy/splits/external-2fold")
    assert split.val_ids(0).tolist() == list(range(9))
    assert "fold 0 leaks: 1 groups" in capsys.readouterr().out.replace("\n", " ")


def test_check_says_what_changed(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = coco(20, random_boxes(20))
    main([str(write_coco(content)), "--folds", "4"])
    content["annotations"].pop()
    assert main([str(write_coco(content)), "--check", "data/toy/splits/4fold-seed42"]) == 1
    assert "CHANGED: val images of fold" in capsys.readouterr().out


def test_nothing_to_do_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "name the annotations" in capsys.readouterr().err
    with pytest.raises(PodiumError, match="must hold a sealed split, but holds none"):
        main(["--check"])


def test_too_large_a_group_is_said_and_can_be_left_apart(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_coco()
    for index in range(20):
        save_scene(path.parent / f"train/{index:04d}.jpg", seed=index if index < 8 else 8)
    main([str(path), "--out", "out", "--name", "a", "--workers", "1"])
    printed = capsys.readouterr().out.replace("\n", " ")
    assert "one group of near-duplicates holds 12 of 20 images" in printed
    main([str(path), "--out", "out", "--name", "b", "--workers", "1", "--no-duplicates"])
    assert "0 groups of near-duplicates" in capsys.readouterr().out
    assert len(set(read_split("out/b").groups.tolist())) == 20


def test_boxes_that_are_all_crowds_are_refused(write_coco: Callable[..., Path]) -> None:
    path = write_coco()
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        annotation["iscrowd"] = 1
    path.write_text(json.dumps(content))
    number = len(content["annotations"])
    with pytest.raises(PodiumError, match=f"all {number} are of crowds .* did a converter set"):
        main([str(path)])
    content["annotations"][0]["iscrowd"] = 0
    path.write_text(json.dumps(content))
    assert not main([str(path), "--folds", "4"])


def test_an_exif_orientation_is_said_where_the_size_is_as_stored(
    write_coco: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = write_coco()
    save_images(path.parent)
    scene = Image.open(path.parent / "train/0002.jpg")
    scene.resize((200, 100)).save(path.parent / "train/0002.jpg", exif=exif)
    content = json.loads(path.read_text())
    content["images"][2].update(width=200, height=100)
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] != 2]
    path.write_text(json.dumps(content))
    assert not main([str(path), "--folds", "4"])
    printed = "".join(capsys.readouterr().out.split())  # the terminal breaks long paths
    said = "train/0002.jpg: annotated as 200x100, but the file is 100x200 as it is seen"
    assert said.replace(" ", "") in printed
    assert "EXIForientationis6" in printed
