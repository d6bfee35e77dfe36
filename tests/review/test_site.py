from pathlib import Path

from custom.review.draw.site import Site


def test_half_a_character_in_a_name_is_shown_as_its_escape(tmp_path: Path) -> None:
    """A file name that is no UTF-8 reaches Python as that, and ended the review in a traceback."""
    site = Site(tmp_path, "a \udcff b", [])
    site.write_page("x.html", "base.html", "c \udcff d")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert r"a \udcff b" in page
    assert r"c \udcff d" in page
