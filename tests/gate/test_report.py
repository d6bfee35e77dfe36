from __future__ import annotations

from dataclasses import replace

import pytest

from custom.gate import GatePolicy, Verdict, gate
from custom.gate.power import Needed
from custom.gate.report import format_verdict
from tests.gate.cases import evidence


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    new, base = evidence((0.61, 0.61), seed=2), evidence((0.6, 0.6), seed=1)
    return gate([new], [base], GatePolicy(num_resamples=200))


def test_decision_first_then_all_classes(verdict):
    lines = format_verdict(verdict).splitlines()
    assert lines[0].startswith("INCONCLUSIVE: AP50 ")
    assert lines[1].startswith("300 val images, fold 0, 1 new against 1 baseline; 0.95 confidence")
    rows = [line for line in lines if line.startswith(("AP50 ", "class "))]
    assert [row.split()[0] for row in rows] == ["AP50", "class", "class"]
    assert f"{verdict.overall.difference:+.4f}" in rows[0]
    assert "   600 " in rows[0]


@pytest.mark.parametrize(
    ("needed", "text"),
    [
        (Needed(900, None, 3.0), "900 val images in all (3.0 times as many: more folds) would"),
        (Needed(900, 1, 3.0), "more folds) or 1 seed a side would settle it (80%)"),
        (Needed(None, 4, 3.0), "what was measured, 4 seeds a side would settle it"),
        (Needed(None, None, 3.04), "3.0 times as many images and as many seeds would settle it"),
        (Needed(300 * 51, 51, 51.0), "no number of images or seeds within reach"),
        (Needed(None, None, None), "no number of images or seeds within reach"),
    ],
)
def test_what_would_settle_it(verdict, needed, text):
    assert text in format_verdict(replace(verdict, needed=needed))


def test_nothing_is_needed_for_a_clear_verdict(verdict):
    assert "settle" not in format_verdict(replace(verdict, needed=None))
