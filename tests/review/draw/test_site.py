from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError

from custom.errors import PodiumError
from custom.review.draw.site import MARKER, Entry, Site, staged


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, "a & b", [Entry("Overview", "index.html"), Entry("Other", "other.html")])


def test_pages_are_escaped_and_marked_in_the_navigation(site: Site) -> None:
    site.write_page("other.html", "base.html", "<b>")
    page = (site.folder / "other.html").read_text()
    assert "<title>&lt;b&gt; · a &amp; b</title>" in page
    assert '<a href="other.html" aria-current="page">' in page
    assert '<a href="index.html">' in page


def test_an_unknown_name_in_a_template_is_an_error(site: Site) -> None:
    with pytest.raises(UndefinedError):
        site.write_page("index.html", "errors.html", "x")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(np.array([1.0, np.nan]), [1.0, None], id="nan"),
        pytest.param(np.arange(6).reshape(2, 3)[:, 1], [1, 4], id="column"),
        pytest.param({1: np.float64(0.5)}, {"1": 0.5}, id="numpy-scalar"),
        pytest.param("</script><!--\u2028", "</script><!--\u2028", id="script"),
    ],
)
def test_data_are_json_that_no_string_can_leave(
    site: Site, value: object, expected: object
) -> None:
    site.write_data("data/x.js", "podium_x", value)
    script = (site.folder / "data" / "x.js").read_text()
    assert "<" not in script
    assert "\u2028" not in script
    assert script.startswith("window.podium_x = ")
    assert json.loads(script.removeprefix("window.podium_x = ").rstrip(";\n")) == expected


def test_data_need_a_name(site: Site) -> None:
    with pytest.raises(PodiumError, match="must be a name in a script, but is 'a-b'"):
        site.write_data("x.js", "a-b", 1)
    with pytest.raises(TypeError, match="Path"):
        site.write_data("x.js", "a", Path())


def write(out: Path, content: str, *more: str) -> None:
    with staged(out, {"title": content}) as folder:
        for name in ("index.html", *more):
            (folder / name).write_text(content)


def write_half(out: Path) -> None:
    with staged(out, {}) as folder:
        (folder / "index.html").write_text("new")
        raise PodiumError("the page is wrong")


def test_an_older_review_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "review"
    write(out, "old", "rest.js")
    write(out, "new")
    assert sorted(path.name for path in out.iterdir()) == ["index.html", MARKER]
    assert (out / "index.html").read_text() == "new"
    assert list(out.parent.iterdir()) == [out]


def test_a_failure_leaves_the_older_review(tmp_path: Path) -> None:
    out = tmp_path / "review"
    write(out, "old")
    with pytest.raises(PodiumError, match="the page is wrong"):
        write_half(out)
    assert (out / "index.html").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_only_a_review_is_replaced(tmp_path: Path) -> None:
    full, file, empty = tmp_path / "full", tmp_path / "file", tmp_path / "empty"
    full.mkdir()
    (full / "thesis.tex").write_text("x")
    file.write_text("x")
    empty.mkdir()
    with pytest.raises(PodiumError, match="full must be empty or an older review"):
        write(full, "new")
    with pytest.raises(PodiumError, match="file must be a folder for the review, but is a file"):
        write(file, "new")
    with pytest.raises(PodiumError, match="cannot write"):
        write(file / "below", "new")
    write(empty, "new")
    assert (full / "thesis.tex").read_text() == file.read_text() == "x"
    assert (empty / "index.html").read_text() == "new"
