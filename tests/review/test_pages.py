from __future__ import annotations

from pathlib import Path

import pytest

from tests.review.conftest import PHONE, Browser, pages_of

pytestmark = pytest.mark.browser


def test_no_page_complains(browser: Browser, review_folder: Path) -> None:
    for name in pages_of(review_folder):
        browser.open(review_folder / name)
        assert browser.errors() == [], name


def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, review_folder: Path) -> None:
    for name in pages_of(review_folder):
        browser.open(review_folder / name, width_height=PHONE)
        assert browser.overflow() <= 0, name
