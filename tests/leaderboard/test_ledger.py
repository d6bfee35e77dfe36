from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import METRICS
from custom.files import sha256_of, write_json
from custom.leaderboard.command import add_submission, last_shares, report_text
from custom.leaderboard.fit import (
    Drop,
    Noise,
    expected_private,
    fit_gap,
    noise_of,
    rank_correlation,
    ranks,
    student_95,
    surprises,
)
from custom.leaderboard.ledger import Entry, append, read_ledger
from custom.leaderboard.policy import Policy, read_policy
from custom.leaderboard.report import make_report
from custom.tables import Categories

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def entry(index: int, val: float | None = None, public: float | None = None, **known) -> Entry:
    known = {"time": f"2026-11-{index + 1:02d}T10:00:00+00:00", "split_hash": "s", **known}
    return Entry(name=f"sub{index}", hash=f"hash{index}", val=val, public=public, **known)


def submission(folder: Path, name: str = "x", score: float = 0.5) -> Path:
    path = folder / f"{name}.csv"
    rows = f"0 {score} 1 2 3 4 1 0.5 1 2 3 4,a.jpg\n,b.jpg\n"
    path.write_text(f"PredictionString,image_id\n{rows}")
    return path


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    path, ledger = submission(tmp_path), tmp_path / "ledger.jsonl"
    added = add_submission(
        path, 0.673, val=0.69, val_interval=(0.68, 0.7), ledger=ledger, note="first"
    )
    assert read_ledger(ledger) == [added]
    assert added.hash == sha256_of(path)
    assert (added.public, added.private, added.val) == (0.673, None, 0.69)
    assert added.class_shares == {"0": 0.5, "1": 0.5}


def test_meta_file_says_runs_recipe_and_val(tmp_path: Path) -> None:
    path = submission(tmp_path)
    meta = {
        "runs": ["a", "b"],
        "split_hash": "abc",
        "val": {"mAP50": 0.7, "interval": [0.69, 0.71]},
        "recipe": {"method": "wbf"},
        "hash": sha256_of(path),
    }
    write_json(tmp_path / "x.meta.json", meta)
    added = add_submission(path, 0.6, ledger=tmp_path / "ledger.jsonl")
    assert added.runs == ("a", "b")
    assert (added.val, added.val_interval, added.split_hash) == (0.7, (0.69, 0.71), "abc")
    submission(tmp_path, score=0.4)
    with pytest.raises(PodiumError, match=r"x.meta.json describes, but has changed since"):
        add_submission(path, 0.6, ledger=tmp_path / "ledger.jsonl")


def test_private_score_comes_later(tmp_path: Path) -> None:
    path, ledger = submission(tmp_path), tmp_path / "ledger.jsonl"
    add_submission(path, 0.6, val=0.7, ledger=ledger, time="2026-11-20T09:00+09:00")
    first = ledger.read_bytes()
    merged = add_submission(path, private=0.58, ledger=ledger)
    assert ledger.read_bytes().startswith(first)  # only ever appended to
    assert read_ledger(ledger) == [merged]
    assert (merged.public, merged.private, merged.val) == (0.6, 0.58, 0.7)
    assert merged.time == "2026-11-20T09:00+09:00"


def test_labels_that_are_no_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("PredictionString,image_id\nnan 0.5 1 2 30 40 77 0.4 1 2 30 40,a.jpg\n")
    with pytest.raises(
        PodiumError, match=r"x\.csv: labels must be classes of trash, but 1 of 2 are"
    ):
        add_submission(path, 0.5, ledger=tmp_path / "ledger.jsonl")
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"must be text, but 'a\\udcff'"):
        append(replace(entry(1), name="a\udcff"), tmp_path / "ledger.jsonl")
    assert not (tmp_path / "ledger.jsonl").exists()


def test_another_score_needs_a_word(tmp_path: Path) -> None:
    path, ledger = submission(tmp_path), tmp_path / "ledger.jsonl"
    add_submission(path, 0.6, ledger=ledger)
    before = ledger.read_bytes()
    with pytest.raises(PodiumError, match=r"the ledger has public 0.6 .* now it is 0.7; .*correct"):
        add_submission(path, 0.7, ledger=ledger)
    with pytest.raises(PodiumError, match="has this submission already, with these scores"):
        add_submission(path, 0.6, ledger=ledger)
    assert ledger.read_bytes() == before
    assert add_submission(path, 0.7, ledger=ledger, correct=True).public == 0.7
    assert read_ledger(ledger)[0].public == 0.7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"public": 67.3}, "public score must be in .* is it percent", id="percent"),
        pytest.param({"val": 0.7, "val_interval": (0.71, 0.8)}, "must hold the val", id="interval"),
        pytest.param({"time": "2026-11-20T10:00"}, "with an offset from UTC", id="no zone"),
    ],
)
def test_refuses(options: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=message):
        add_submission(submission(tmp_path), ledger=tmp_path / "ledger.jsonl", **options)
    assert read_ledger(tmp_path / "ledger.jsonl") == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(b"<<<<<<< HEAD", "line 2 is the mark of a merge conflict", id="conflict"),
        pytest.param(b'{"time": "2026', "line 2 must be a line of JSON, but is not", id="cut"),
        pytest.param(b'{"name": "x"}', "line 2 must have the key 'time'", id="keys missing"),
        pytest.param(
            b'{"time": "noon", "name": "x", "hash": "h"}', "line 2: x: time must be", id="time"
        ),
        pytest.param(
            b'{"time": "2026-11-20T10:00", "name": "x", "hash": "h"}', "with an offset", id="zone"
        ),
    ],
)
def test_broken_line_is_named(line: bytes, message: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(entry(0), ledger)
    ledger.write_bytes(ledger.read_bytes() + line + b"\n")
    with pytest.raises(PodiumError, match=message):
        read_ledger(ledger)


def test_line_without_end_is_not_joined_to_the_next(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append(entry(0), ledger)
    ledger.write_bytes(ledger.read_bytes().rstrip())  # an editor that strips the last line end
    append(entry(1), ledger)
    assert [e.name for e in read_ledger(ledger)] == ["sub0", "sub1"]


def test_concurrent_adds_are_all_kept(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    code = (
        "import sys; from custom.leaderboard.ledger import Entry, append\n"
        "for i in range(20):\n"
        "    name = f'{sys.argv[1]}-{i}'\n"
        "    append(Entry('2026-11-20T10:00:00+00:00', name, name, note='n' * 5000), sys.argv[2])"
    )
    command = [sys.executable, "-c", code]
    workers = [subprocess.Popen([*command, str(n), str(ledger)]) for n in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert len(read_ledger(ledger)) == 80
    assert len(ledger.read_text().splitlines()) == 80


def test_of_concurrent_adds_of_one_file_only_one_is_taken(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    code = (
        "import sys, time; from custom.leaderboard.ledger import Entry, append\n"
        "from custom.errors import PodiumError\n"
        "while time.time() < float(sys.argv[3]): pass\n"
        "for i in range(60):\n"
        "    try: append(Entry('2026-11-20T10:00:00+00:00', f'{i}', f'{i}',"
        " public=int(sys.argv[1]) / 10), sys.argv[2])\n"
        "    except PodiumError: pass"
    )
    command = [sys.executable, "-c", code]
    start = str(time.time() + 3)
    workers = [subprocess.Popen([*command, str(n), str(ledger), start]) for n in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert len(ledger.read_text().splitlines()) == 60


def test_lines_of_two_people_merge_in_any_order(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for index in (0, 1, 2):
        append(entry(index, 0.7, 0.6), ledger)
    append(entry(0, private=0.5, time="2026-11-25T10:00:00+00:00"), ledger)
    expected = read_ledger(ledger)
    lines = ledger.read_text().splitlines()
    ledger.write_text("\n".join(reversed(lines)) + "\n")
    assert read_ledger(ledger) == expected
    assert expected[0].private == 0.5


def test_ranks_share_ties() -> None:
    np.testing.assert_array_equal(ranks(np.array([3.0, 1.0, 3.0, 2.0])), [3.5, 1, 3.5, 2])


def test_rank_correlation_by_hand() -> None:
    # Ranks 1 2 3 4 against 2 1 3 4: 1 - 6 * (1 + 1) / (4 * 15) = 0.8.
    first, second = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0.5, 0.4, 0.6, 0.7])
    assert rank_correlation(first, second) == pytest.approx(0.8)
    assert np.isnan(rank_correlation(first[:2], second[:2]))
    assert np.isnan(rank_correlation(first, np.full(4, 0.5)))


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 12.706), (5, 2.571), (15, 2.131), (60, 2.0)])
def test_student(degrees: int, quantile: float) -> None:
    assert student_95(degrees) == pytest.approx(quantile, abs=0.006)


def test_gap_and_surprise() -> None:
    gaps = np.array([0.010, 0.012, 0.008, 0.010, 0.100])
    fit = fit_gap(gaps[:4])
    assert fit.gap == pytest.approx(0.01)
    assert fit.spread == pytest.approx(np.sqrt(2 * 0.002**2 / 3))
    found = surprises(gaps)
    # 0.09 above the others' median. Their deviations from it are 0, 0, 0.002, 0.002: median 0.001.
    limit = 1.4826 * 0.001 * (1 + 2.5 / 4) * np.sqrt(1 + np.pi / 2 / 4) * 3.18
    assert found[4] == pytest.approx(0.09 / limit)
    assert (np.abs(found[:4]) < 1).all()
    assert np.isnan(surprises(gaps[:3])).all()


def test_two_broken_submissions_do_not_excuse_each_other() -> None:
    found = surprises(np.array([0.018, 0.02, 0.019, 0.021, 0.5, 0.5]))
    np.testing.assert_array_equal(np.abs(found) > 1, [False] * 4 + [True] * 2)


@pytest.mark.parametrize("count", [4, 8, 20])
def test_few_of_ordinary_gaps_surprise(count: int) -> None:
    rng = np.random.default_rng(0)
    found = [surprises(rng.normal(0.02, 0.004, count)) for _ in range(200)]
    assert 0.02 <= (np.abs(found) > 1).mean() <= 0.12


def test_expected_private_by_hand() -> None:
    # Val says 0.70 - 0.02 with the variance 0.02**2 and that of the mean of two gaps, public 0.66.
    fit, noise = fit_gap(np.array([0.02, 0.02])), Noise(0.02, 0.01, degrees=14)
    of_val, of_public = 0.02**2 + (0.02**2 + 0.01**2) / 2, 0.01**2
    precision = 1 / of_val + 1 / of_public
    value = (0.68 / of_val + 0.66 / of_public) / precision - 0.015
    # The private board has noise of its own, and the drop an error.
    half = 2.14 * np.sqrt(1 / precision + 0.01**2 + 0.003**2)
    looked = entry(0, 0.70, 0.66)
    expected = expected_private(looked, fit, noise, Drop(0.015, 0.003, 0), "s")
    assert expected is not None
    assert expected.value == pytest.approx(value)
    assert (expected.low, expected.high) == pytest.approx((value - half, value + half))
    assert expected_private(entry(0), fit, noise, Drop(0.015, 0.003, 0), "s") is None
    unknown = fit_gap(np.zeros(0))
    assert expected_private(entry(0, 0.7), unknown, noise, Drop(0.0, 0.1, 0), "s") is None


def test_noise_is_what_is_assumed_until_gaps_say_otherwise() -> None:
    policy = Policy(val_noise=0.004, board_noise=0.003)
    assert noise_of(fit_gap(np.array([0.02])), policy) == Noise(0.004, 0.003, 12)
    # Gaps are expected to scatter by 0.005; two of them that do by 0.05 count as one of thirteen.
    gaps = np.array([0.02, 0.02 + 0.05 * np.sqrt(2)])
    found = noise_of(fit_gap(gaps), policy)
    scale = np.sqrt((12 + 0.05**2 / 0.005**2) / 13)
    assert (found.val, found.board, found.degrees) == pytest.approx(
        (0.004 * scale, 0.003 * scale, 13)
    )


@pytest.mark.parametrize(
    ("half", "num_known"),
    [
        pytest.param(0.018, 0, id="val known to .018"),
        pytest.param(0.009, 0, id="val known to .009"),
        pytest.param(None, 0, id="no interval of val"),
        pytest.param(None, 2, id="two private scores known"),
    ],
)
def test_expected_private_holds_what_comes(half: float | None, num_known: int) -> None:
    """Simulated with the field's numbers: the 95% interval holds 93% to 97% of private scores."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(100):
        true, gap, drop = rng.uniform(0.6, 0.7, 10), rng.uniform(0.007, 0.029), 0.0145
        val, public, private = (
            true - shift + rng.normal(0, noise, 10)
            for shift, noise in ((0, 0.005), (gap, 0.003), (gap + drop, 0.003))
        )
        entries = [
            entry(
                i, v, p, private=known if i < num_known else None,
                val_interval=None if half is None else (v - half, v + half),
            )
            for i, (v, p, known) in enumerate(zip(val, public, private, strict=True))
        ]  # fmt: skip
        rows = make_report(entries, Policy(), NOON).rows
        for row, score in list(zip(rows, private, strict=True))[num_known:]:
            held.append(row.private.low <= score <= row.private.high)
    assert 0.93 <= np.mean(held) <= 0.97


def test_report_names_the_unexpected_and_selects_two() -> None:
    interval = {"val_interval": (0.6, 0.8)}
    entries = [
        entry(0, 0.650, 0.640, runs=("a",), **interval),
        entry(1, 0.670, 0.661, runs=("a", "b"), **interval),
        entry(2, 0.660, 0.650, runs=("b",), **interval),
        entry(3, 0.700, 0.500, runs=("c",), **interval),  # a broken file
        entry(4, 0.655, 0.646, runs=("a",), val_interval=(0.64, 0.67)),
    ]
    report = make_report(entries, Policy(), NOON)
    assert [row.entry.name for row in report.rows if row.is_unexpected] == ["sub3"]
    # Both scores of sub2 are the best of the others; a narrower interval of val says no more.
    assert [choice.row.entry.name for choice in report.choices] == ["sub1", "sub2"]
    assert "but for sub3, whose public score is far below" in report.choices[0].reason
    assert "shares 1 of its 1 runs with the first" in report.choices[1].reason
    broken = report.rows[3].private
    assert broken is not None
    # By public alone, less the drop: the file is not what val was measured of.
    assert broken.value == pytest.approx(0.5 - Policy().drop)


def test_val_on_another_split_is_not_compared() -> None:
    entries = [
        *(entry(i, 0.7 + i / 100, 0.69) for i in range(3)),
        entry(3, 0.9, 0.5, split_hash="t"),
    ]
    report = make_report(entries, Policy(), NOON)
    assert report.split_hash == "s"
    assert report.fit.count == 3
    assert report.rows[3].gap is None
    assert all(choice.row.entry.name != "sub3" for choice in report.choices[:1])


def test_private_scores_show_the_drop() -> None:
    interval = {"val_interval": (0.69, 0.71)}
    entries = [entry(i, 0.7, 0.7, private=0.68, **interval) for i in range(3)]
    policy = Policy(drop=0.01, drop_spread=0.001, val_noise=0.004, board_noise=0.003)
    report = make_report([*entries, entry(3, 0.7, 0.7, **interval)], policy, NOON)
    # Four gaps of exactly nothing count as three of fifteen.
    noise = report.noise.board
    assert noise == pytest.approx(0.003 * np.sqrt(12 / 15))
    of_val = report.noise.val**2 + (report.noise.val**2 + noise**2) / 4
    weight = 1 / (1 / (1 / of_val + 1 / noise**2) + noise**2)
    expected = (0.01 / 0.001**2 + 3 * weight * 0.02) / (1 / 0.001**2 + 3 * weight)
    assert report.drop.count == 3
    assert report.drop.value == pytest.approx(expected)
    assert report.drop.error == pytest.approx((1 / 0.001**2 + 3 * weight) ** -0.5)
    assert report.rows[3].private is not None
    assert report.rows[3].private.value == pytest.approx(0.7 - expected)


def test_a_score_that_gets_worse_by_rising_is_expected_to_rise() -> None:
    falling = make_report([entry(0, 0.3, 0.3)], Policy(), NOON)
    assert falling.drop.value == pytest.approx(Policy().drop)
    less_is_better = replace(METRICS["AP50"], greater_is_better=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METRICS, "AP50", less_is_better)
        assert make_report([entry(0, 0.3, 0.3)], Policy(), NOON).drop.value == -falling.drop.value


def test_days_begin_where_the_competition_says() -> None:
    late = entry(0, time="2026-11-19T16:00:00+00:00")  # 01:00 on the 20th in Seoul
    assert make_report([late], Policy(10, 9), NOON).left_today == 9
    assert make_report([late], Policy(10, 0), NOON).left_today == 10
    assert make_report([late], Policy(), NOON).left_today is None


def test_policy_is_read_beside_the_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert read_policy(ledger) == Policy()
    policy = tmp_path / "ledger.policy.json"
    policy.write_text(json.dumps({"per_day": 10, "utc_offset_hours": 9}))
    assert read_policy(ledger) == Policy(10, 9)
    policy.write_text('{"daily": 10}')
    with pytest.raises(PodiumError, match=r"policy\.json: daily is unknown; the keys are per_day"):
        read_policy(ledger)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"per_day": 0}', "per_day must be at least 1, but is 0"),
        ('{"per_day": "10"}', "per_day must be an integer or null, but is '10'"),
        ('{"utc_offset_hours": 24}', "utc_offset_hours must be between -24 and 24, but is 24"),
        ('{"drop": 1.5}', "drop must be between -1 and 1, but is 1.5"),
        ('{"board_noise": 0}', "board_noise must be above 0 and below 1, but is 0"),
        ('{"utc_offset_hours": "+9"}', r"utc_offset_hours must be a number, but is '\+9'"),
        ("[]", "must be an object"),
    ],
)
def test_a_policy_of_another_kind_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.policy.json").write_text(content)
    with pytest.raises(PodiumError, match=rf"ledger\.policy\.json:? {message}"):
        report_text(tmp_path / "ledger.jsonl")


def test_last_shares_follow_the_categories(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    classes = Categories((1, 0, 5), ("b", "a", "c"))
    assert last_shares(ledger, classes, "trash") is None
    add_submission(submission(tmp_path, score=1.0), 0.6, ledger=ledger)
    np.testing.assert_allclose(last_shares(ledger, classes, "trash"), [1 / 3, 2 / 3, 0], atol=1e-6)
    assert last_shares(ledger, Categories((8,), ("z",)), "trash") is None


def test_report_text(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert "the ledger is empty" in report_text(ledger)
    for index, (val, public) in enumerate([(0.65, 0.64), (0.67, 0.66), (0.66, 0.65), (0.7, 0.5)]):
        append(entry(index, val, public, val_interval=(val - 0.01, val + 0.01)), ledger)
    (tmp_path / "ledger.policy.json").write_text('{"per_day": 3}')
    text = report_text(ledger, NOON)
    assert "0.6500 [0.6400, 0.6600]" in text
    assert "val - public: +0.0100, give or take 0.0000 (by 3 submissions)" in text
    assert "rank correlation of val and public: -0.20; few submissions" in text
    assert "not expected by the fit: sub3" in text
    assert "left today: 3" in text
    assert "private expected: 0.0145 below val - gap and public, give or take 0.0020" in text
    assumed = "drop 0.0145, drop_spread 0.002, val_noise 0.005, board_noise 0.003"
    assert f"Learnt from 3 gaps; assumed (ledger.policy.json): {assumed}" in text
    assert "select 1: sub1: best by val (0.6700) but for sub3" in text


def test_a_last_line_cut_short_is_told_and_set_aside(tmp_path: Path) -> None:
    """As a kill or a full disk leaves it: neither report nor add is blocked."""
    ledger = tmp_path / "ledger.jsonl"
    append(entry(0, 0.5, 0.5), ledger)
    whole, torn = ledger.read_bytes(), b'{"time":"2026-11-21T10:00:00+00:00","name":"n","ha'
    ledger.write_bytes(whole + torn)
    assert [each.name for each in read_ledger(ledger)] == ["sub0"]
    assert f"{ledger}, line 2 was cut short and is not counted (50 bytes)" in report_text(ledger)
    assert ledger.read_bytes() == whole + torn  # reading changes nothing
    append(entry(1), ledger)
    assert ledger.read_bytes().startswith(whole)
    assert [each.name for each in read_ledger(ledger)] == ["sub0", "sub1"]
    assert (tmp_path / "ledger.torn.txt").read_bytes() == torn + b"\n"
    assert "cut short" not in report_text(ledger)


def test_a_submission_with_other_separators_is_refused(tmp_path: Path) -> None:
    path = submission(tmp_path)
    path.write_text(path.read_text().replace(",", ";"))
    with pytest.raises(PodiumError, match="commas between its cells, but has semicolons"):
        add_submission(path, 0.5, ledger=tmp_path / "ledger.jsonl")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(PodiumError, match="must have the column 'image_id', but has a,b"):
        add_submission(path, 0.5, ledger=tmp_path / "ledger.jsonl")
