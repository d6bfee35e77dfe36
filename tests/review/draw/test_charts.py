from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import plotly
import plotly.graph_objects as go
import pytest

from custom.review.compute.contributions import contributions
from custom.review.draw import charts
from custom.review.draw.pages.overview import by_rising_ap
from custom.review.inputs import Review


def as_drawn(value: Any) -> Any:
    """Return a figure as a page hands it to plotly.js: JSON, with real colours."""
    if isinstance(value, str):
        return "#123456" if value.startswith("var(--") else value
    if isinstance(value, dict):
        return {key: as_drawn(each) for key, each in value.items()}
    return [as_drawn(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def figures(toy_review: Review) -> dict[str, charts.Figure]:
    order = by_rising_ap(toy_review).tolist()
    members = [toy_review.analyses[k] for k in toy_review.members]
    reports = [analysis.errors for analysis in toy_review.analyses]
    return {
        "by_class": charts.by_class(toy_review, order),
        "finders": charts.finders(toy_review, contributions(toy_review.gt, members), order),
        "gains": charts.gains(toy_review, reports),
    }


@pytest.mark.parametrize("name", ["by_class", "finders", "gains"])
def test_plotly_takes_every_figure(figures: dict[str, charts.Figure], name: str) -> None:
    text = orjson.dumps(figures[name], option=orjson.OPT_SERIALIZE_NUMPY)
    figure = as_drawn(json.loads(text))
    go.Figure(data=figure["data"], layout=figure["layout"])


def test_classes_are_sorted_with_their_intervals(
    figures: dict[str, charts.Figure], toy_review: Review
) -> None:
    *_, ensemble = figures["by_class"]["data"]
    assert len(figures["by_class"]["data"]) == 3
    assert ensemble["x"] == sorted(ensemble["x"])
    low = np.array(ensemble["x"]) - ensemble["error_x"]["arrayminus"]
    expected = toy_review.analyses[2].interval[0][:-1][by_rising_ap(toy_review)]
    np.testing.assert_allclose(low, expected)
    weakest = toy_review.gt.categories.names[by_rising_ap(toy_review)[0]]
    assert weakest in figures["by_class"]["layout"]["yaxis"]["ticktext"][0]


def test_shares_of_finders_add_up_to_one(figures: dict[str, charts.Figure]) -> None:
    total = np.sum([trace["x"] for trace in figures["finders"]["data"]], axis=0)
    np.testing.assert_allclose(total, 1.0)
    assert [name for name, _ in figures["finders"]["legend"]] == [
        "every model", "only far-seed7", "only near-seed1", "no model",
    ]  # fmt: skip


def test_a_model_has_one_colour_everywhere(
    figures: dict[str, charts.Figure], toy_review: Review
) -> None:
    colours = [charts.colour_of(toy_review.models, k) for k in range(3)]
    assert colours == ["var(--model-0)", "var(--model-1)", "var(--model-final)"]
    for name in ("by_class", "gains"):
        assert [trace["marker"]["color"] for trace in figures[name]["data"]] == colours
        assert [colour for _, colour in figures[name]["legend"]] == colours


def test_names_cannot_speak_to_plotly() -> None:
    assert charts.short("<b>x</b>&") == "&lt;b&gt;x&lt;/b&gt;&amp;"
    assert charts.short("<" * 40) == "&lt;" * 23 + "\u2026"


def test_the_library_is_that_of_the_plotly_that_checks_the_figures(tmp_path: Path) -> None:
    charts.copy_library(tmp_path)
    package = Path(plotly.__file__).parent / "package_data"
    assert (tmp_path / charts.LIBRARY).read_bytes() == (package / charts.LIBRARY).read_bytes(), (
        "renew it: gzip -9 -n -c plotly/package_data/plotly.min.js > "
        "custom/review/draw/vendor/plotly.min.js.gz, and plotly-license.txt beside it"
    )
    assert "MIT" in (tmp_path / charts.LICENCE).read_text()
