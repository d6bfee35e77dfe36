from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from custom.errors import PodiumError
from custom.review.draw.pages import gallery, suspects
from custom.review.draw.site import Entry, Site
from custom.review.draw.thumbnails import FOLDER
from custom.review.inputs import Review


def write(review: Review, folder: Path, page=gallery, cache: Path | None = None) -> Site:
    site = Site(folder, review.title, [Entry(page.TITLE, page.FILE)], cache)
    page.write(review, site)
    return site


def facts_of(folder: Path, name: str = "gallery") -> dict:
    script = (folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    assert script.startswith(f"window.{name} = ")
    return orjson.loads(script.split(" = ", 1)[1].rstrip().removesuffix(";"))


def without_images(review: Review) -> Review:
    return Review(review.title, review.gt, review.models)


def test_only_the_costliest_images_get_pictures(
    toy_review: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "PICTURES_AT_MOST", 5)
    write(toy_review, tmp_path)
    pictures = facts_of(tmp_path)["pictures"]
    assert len(pictures) == len(toy_review.gt.images)
    keys = [key for key in pictures if key]
    assert len(set(keys)) == 5
    files = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert files == {f"{key}{end}.jpg" for key in keys for end in ("", "-small")}
    page = " ".join((tmp_path / gallery.FILE).read_text().split())
    assert "5 of 24 images have pictures: the costliest, and the worst of each error type" in page


def test_without_images_boxes_stand_alone(toy_review: Review, tmp_path: Path) -> None:
    bare = without_images(toy_review)
    write(bare, tmp_path)
    write(bare, tmp_path, suspects)
    assert not (tmp_path / FOLDER).exists()
    assert set(facts_of(tmp_path)["pictures"]) == {None}
    assert facts_of(tmp_path, "suspects")["pictures"] == {}
    assert "written without <code>--images</code>" in (tmp_path / gallery.FILE).read_text()
    assert "--images" in (tmp_path / suspects.FILE).read_text()


def test_both_pages_share_their_pictures(toy_review: Review, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    write(toy_review, tmp_path / "review", gallery, cache)
    made = sorted(path.name for path in cache.iterdir())
    write(toy_review, tmp_path / "review", suspects, cache)
    assert sorted(path.name for path in cache.iterdir()) == made
    assert len(made) == 2 * len(toy_review.gt.images)


@pytest.mark.parametrize("page", [gallery, suspects])
def test_a_missing_image_is_named(toy_review: Review, tmp_path: Path, page) -> None:
    nowhere = Review(toy_review.title, toy_review.gt, toy_review.models, tmp_path)
    with pytest.raises(PodiumError, match=r"train/\d+.jpg: No such file"):
        write(nowhere, tmp_path / "review", page)


def test_data_hold_no_detection_twice(toy_review: Review, tmp_path: Path) -> None:
    write(without_images(toy_review), tmp_path)
    facts = facts_of(tmp_path)
    assert [model["name"] for model in facts["models"]] == [m.name for m in toy_review.models]
    assert facts["first"] == toy_review.final
    for k, model in enumerate(toy_review.models):
        script = (tmp_path / "data" / f"gallery-boxes-{k}-0.js").read_text()
        images = orjson.loads(script.split(" = ", 1)[1].rstrip().removesuffix(";"))
        assert sum(len(image["scores"]) for image in images) == model.predictions.num_boxes
