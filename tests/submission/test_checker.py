"""Each way to spoil a submission, on a toy file and on a real one, and what the checker says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.submission import (
    FORMATS,
    Issue,
    blocks,
    check_submission,
    read_submission,
    write_submission,
)
from custom.submission.checker import CHECKS
from custom.submission.checks.subject import subject_of_csv
from custom.submission.csv_file import read_csv
from custom.tables import Categories, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing import shared_data

HEADER = "PredictionString,image_id"
SHARES = np.array([0.4, 0.3, 0.05, 0.15, 0.1])
NAMES = ("Paper", "Metal", "Glass", "Bag", "Clothing")
Rows = list[tuple[list[str], str]]  # the numbers and the id of each row


class Case(NamedTuple):
    images: Images
    categories: Categories
    shares: np.ndarray
    rows: Rows


def joined(boxes: Iterable[list[str]]) -> list[str]:
    return [value for box in boxes for value in box]


def toy() -> Case:
    rng = np.random.default_rng(0)
    size = 2_000
    images = Images(
        range(60), [f"test/{i:04d}.jpg" for i in range(60)], [[1024, 1024]] * 60, "test.json"
    )
    corners = rng.uniform(0, 900, (size, 2))
    bboxes = np.hstack([corners, corners + rng.uniform(2, 1024 - corners)])
    labels = rng.choice(5, size, p=SHARES)
    index = rng.integers(0, 59, size)  # the last image has no boxes
    table = Predictions.from_rows(images.ids, index, bboxes, rng.uniform(0.01, 1, size), labels)
    texts = [
        f"{label} {score:.6f} {box[0]:.3f} {box[1]:.3f} {box[2]:.3f} {box[3]:.3f}".split()
        for label, score, box in zip(labels, table.scores, table.bboxes, strict=True)
    ]
    rows = [(joined(texts[table.rows(i)]), name) for i, name in enumerate(images.file_names)]
    return Case(images, Categories.from_names(NAMES), SHARES, rows)


def real() -> Case:
    test = read_ground_truth(shared_data("trash-gt/test.json"))
    train = read_ground_truth(shared_data("trash-gt/train.json"))
    shares = np.bincount(train.labels, minlength=10) / train.num_boxes
    lines = shared_data("predictions/test_cascade_swin_t_1.csv").read_text().splitlines()[1:1001]
    rows = [(cell.split(), name) for cell, name in (line.split(",") for line in lines)]
    return Case(test.images.take(range(1000)), test.categories, shares, rows)


@pytest.fixture(scope="module", params=[toy, real], ids=["toy", "real"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.param()


def text_of(rows: Rows) -> str:
    return "\n".join([HEADER, *(f"{' '.join(cell)},{name}" for cell, name in rows)]) + "\n"


def check(case: Case, text: str, folder: Path, **options: object) -> list[Issue]:
    path = folder / "x.csv"
    path.write_text(text)
    options = {"val_shares": case.shares, **options}
    return check_submission(path, "trash", case.images, case.categories, **options)


def on_boxes(change: Callable[[list[str]], list[str]]) -> Callable[[Rows], str]:
    """Return what changes every box of a file."""

    def changed(rows: Rows) -> str:
        boxes = [([cell[i : i + 6] for i in range(0, len(cell), 6)], name) for cell, name in rows]
        return text_of([(joined(map(change, cell)), name) for cell, name in boxes])

    return changed


def on_first(change: Callable[[list[str]], list[str]]) -> Callable[[Rows], str]:
    """Return what changes the second box of the first row."""

    def changed(rows: Rows) -> str:
        cell, name = rows[0]
        return text_of([(cell[:6] + change(cell[6:12]) + cell[12:], name), *rows[1:]])

    return changed


def wrapped(rows: Rows, num_classes: int) -> str:
    return on_boxes(lambda box: [str((int(box[0]) + 1) % num_classes), *box[1:]])(rows)


def to_xywh(box: list[str]) -> list[str]:
    x1, y1, x2, y2 = map(float, box[2:])
    return [*box[:4], f"{x2 - x1:.4f}", f"{y2 - y1:.4f}"]


def scaled(factor: float) -> Callable[[list[str]], list[str]]:
    return lambda box: [*box[:2], *(f"{float(value) * factor:.6f}" for value in box[2:])]


def cut(rows: Rows) -> str:
    """Return the file with one cell cut at the limit of spreadsheets, in the middle of a box."""
    box, (_, name) = "1 0.5 100.2 100.25 200.5 200.5 ", rows[2]
    lines = text_of(rows).splitlines()
    return "\n".join([*lines[:3], f"{(box * 2_000)[:32_000]},{name}", *lines[4:]])


def cut_between_numbers(rows: Rows) -> str:
    """Return the same, where by chance the cut leaves whole boxes."""
    lines, name = text_of(rows).splitlines(), rows[2][1]
    box = "1 0.5 10 10 20 20 "
    cell = box * (32_000 // len(box))
    cell = cell.rstrip() + "1" * (32_000 - len(cell.rstrip()))
    return "\n".join([*lines[:3], f"{cell},{name}", *lines[4:]])


def saved_index(rows: Rows) -> str:
    lines = text_of(rows).splitlines()
    return "\n".join([f",{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))])


SPOILED: dict[str, tuple[Callable[[Rows], str], str]] = {
    "xywh": (on_boxes(to_xywh), r"\d\d% of boxes have x2 < x1: .*this looks like x, y, w, h"),
    "x1 x2 y1 y2": (
        on_boxes(lambda b: [b[0], b[1], b[2], b[4], b[3], b[5]]),
        "this looks like x1, x2, y1, y2",
    ),
    "corners swapped": (on_first(lambda b: [*b[:2], *b[4:], *b[2:4]]), r"box 2: x2 must be beyond"),
    "fractions": (on_boxes(scaled(1 / 1024)), "in pixels, but the largest coordinate is [01]"),
    "other size": (on_boxes(scaled(2.0)), r"pixels outside \(\d+ of \d+ boxes\)"),
    "two pixels out": (on_first(lambda b: [*b[:4], "1026", b[5]]), "box 2: .* 2.0 pixels outside"),
    "id missing": (lambda r: text_of(r[:4] + r[5:]), r"'test/0004.jpg' has none \(1 such\)"),
    "id doubled": (
        lambda r: text_of([*r[:5], r[4], *r[5:]]),
        "'test/0004.jpg' stands on lines 6, 7",
    ),
    "id is a counter": (
        lambda r: text_of([(cell, f"{i:04d}") for i, (cell, _) in enumerate(r)]),
        r"line 2 \(0000\): .* like 'test/0000.jpg', but is not .* looks like a counter",
    ),
    "id without folder": (
        lambda r: text_of([(cell, name[5:]) for cell, name in r]),
        "the folder or the extension differs",
    ),
    "rows shuffled": (lambda r: text_of(r[::-1]), r"line 2 .* must be in the order of the images"),
    "labels from 1": (
        on_boxes(lambda b: [str(int(b[0]) + 1), *b[1:]]),
        r"label must be one of 0, 1, .*; shifted by \+1\? the data set counts from 0",
    ),
    "one label too high": (on_first(lambda b: ["17", *b[1:]]), r"box 2: label .* but is 17 \(1 of"),
    "half a label": (on_first(lambda b: ["1.5", *b[1:]]), "but is 1.5"),
    "label and score swapped": (on_boxes(lambda b: [b[1], b[0], *b[2:]]), "look swapped"),
    "first class lost, the others from 0": (
        on_boxes(lambda b: [str(int(b[0]) - 1), *b[1:]] if int(b[0]) else []),
        "if they are shifted by -1: renumber the labels",
    ),
    "labels wrapped": (
        lambda r: wrapped(r, 1 + max(int(label) for cell, _ in r for label in cell[::6])),
        r"if they are shifted by \+1: renumber the labels",
    ),
    "cut": (cut, r"line 4 .* in 32,000 characters \(1 such rows\); the cell ends where .* cut"),
    "cut unseen": (cut_between_numbers, "ends at exactly 32,000 characters"),
    "value lost": (on_first(lambda b: b[:5]), "was its end cut"),
    "saved index": (saved_index, r"header: .* also ''; this looks like a saved index"),
    "nan": (on_first(lambda b: [b[0], "nan", *b[2:]]), r"line 2 .*, box 2: a box must be finite"),
    "infinite": (on_first(lambda b: [*b[:5], "inf"]), "box 2: a box must be finite"),
    "word": (on_first(lambda b: [*b[:5], "None"]), "box 2: y2 must be a number, but is 'None'"),
    "score in percent": (
        on_boxes(lambda b: [b[0], str(100 * float(b[1])), *b[2:]]),
        "this looks like percent",
    ),
    "score negative": (on_first(lambda b: [b[0], "-0.1", *b[2:]]), "but is -0.1 .* sigmoid"),
    "score above 1": (on_first(lambda b: [b[0], "1.001", *b[2:]]), r"box 2: score .* is 1.001 \(1"),
    "cells swapped": (
        lambda r: "\n".join([HEADER, *(f"{name},{' '.join(cell)}" for cell, name in r)]),
        "are the cells of the two columns swapped",
    ),
    "header renamed": (lambda r: text_of(r).replace("image_id", "id", 1), "there is no image_id"),
    "another delimiter": (lambda r: text_of(r).replace(",", ";"), "must have commas between"),
    "ragged": (lambda r: text_of(r).replace(",test/0002", ",,test/0002"), "line 4 must have 2"),
}


def test_untouched_passes(case: Case, tmp_path: Path) -> None:
    assert check(case, text_of(case.rows), tmp_path, last_shares=case.shares) == []


@pytest.mark.parametrize("run", ["1", "2", "3", "4", "all"])
def test_real_submissions_pass(run: str) -> None:
    test = read_ground_truth(shared_data("trash-gt/test.json"))
    train = read_ground_truth(shared_data("trash-gt/train.json"))
    shares = np.bincount(train.labels, minlength=10) / train.num_boxes
    path = shared_data(f"predictions/test_cascade_swin_t_{run}.csv")
    assert check_submission(path, "trash", test.images, test.categories, shares) == []


@pytest.mark.parametrize("name", SPOILED)
def test_blocks(case: Case, name: str, tmp_path: Path) -> None:
    spoil, message = SPOILED[name]
    errors = [str(f) for f in check(case, spoil(case.rows), tmp_path) if f.level == "error"]
    assert any(re.search(message, error) for error in errors), errors


WARNED: dict[str, tuple[Callable[[Rows], str], str]] = {
    "threshold": (
        on_boxes(lambda b: b if float(b[1]) >= 0.25 else []),
        r"no box scores below 0.25.*: boxes with low scores never lower average precision",
    ),
    "too many": (
        lambda r: text_of([(["1", "0.01", "10", "10", "20", "20"] * 101, r[0][1]), *r[1:]]),
        r"line 2 .*: 1 images have more than 100 boxes, at most 101 here, 101 of them of one",
    ),
    "nothing": (lambda r: text_of([([], name) for _, name in r]), "no box on any image"),
    "resized": (on_boxes(scaled(0.5)), "no box reaches beyond 50% .* of a resized copy"),
    "one class lost": (
        on_boxes(lambda b: b if b[0] not in "01" else []),
        r"off the annotations' shares: .* has 0% of the scores, not \d\d%",
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_warns(case: Case, name: str, tmp_path: Path) -> None:
    spoil, message = WARNED[name]
    issues = check(case, spoil(case.rows), tmp_path)
    assert not blocks(issues), issues
    assert any(re.search(message, str(issue)) for issue in issues), issues


def test_warns_of_another_histogram_than_the_last(case: Case, tmp_path: Path) -> None:
    issues = check(case, text_of(case.rows), tmp_path, last_shares=np.roll(case.shares, 1))
    assert [f.level for f in issues] == ["warning"]
    assert "off the last accepted submission's" in issues[0].message


def read(case: Case, text: str, folder: Path) -> Predictions:
    (folder / "like.csv").write_text(text)
    return read_submission(folder / "like.csv", "trash", case.images, case.categories)


def boxes_moved(rows: Rows) -> str:
    """Return the file with each row's boxes on the next image, as joined by position."""
    cells = [cell for cell, _ in rows]
    return text_of([(cells[i - 1], name) for i, (_, name) in enumerate(rows)])


def test_boxes_of_other_images_are_found_by_another_submission(tmp_path: Path) -> None:
    case = real()
    lines = shared_data("predictions/test_cascade_swin_t_2.csv").read_text().splitlines()
    like = read(case, "\n".join(lines[:1001]), tmp_path)
    assert check(case, text_of(case.rows), tmp_path, like=like) == []
    issues = check(case, boxes_moved(case.rows), tmp_path, like=like)
    assert [f.level for f in issues] == ["error"]
    assert re.search(r"are on \d% of \d+: .* of the rows before their own", str(issues[0]))


def test_labels_in_alphabetical_order(tmp_path: Path) -> None:
    case = toy()
    number = {i: sorted(NAMES).index(name) for i, name in enumerate(NAMES)}
    spoil = on_boxes(lambda b: [str(number[int(b[0])]), *b[1:]])
    issues = check(case, spoil(case.rows), tmp_path)
    assert "if they number the classes in alphabetical order" in issues[0].message
    assert blocks(issues)


def test_without_images_only_the_file_is_judged(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text_of(toy().rows))
    issues = check_submission(tmp_path / "x.csv")
    assert [f.message for f in issues] == [
        "ids were not compared with the images, since none were given"
    ]


@pytest.mark.parametrize(
    ("form", "cell", "message"),
    [
        pytest.param("wheat", "0.5 900 900 950 960", "this looks like x1, y1, x2, y2", id="wheat"),
        pytest.param("wheat", "0.5 10 10 0 5", "w and h must be positive", id="no width"),
        pytest.param("siim", "lung 0.5 1 1 9 9", "but is 'lung' (1 of 1", id="class name"),
        pytest.param("siim", "4 0.5 1 1 9 9", "one of negative, typical", id="number for a name"),
        pytest.param("vinbigdata", "14 0.9 1 1 9 9", "label must be one of 0, 1", id="no issue"),
    ],
)
def test_other_formats(form: str, cell: str, message: str, tmp_path: Path) -> None:
    names = ("opacity",) if form == "siim" else ("wheat",) if form == "wheat" else ("a", "b")
    images = Images([0], ["a.png"], [[1024, 1024]])
    path = tmp_path / "x.csv"
    write_submission(path, Predictions.empty([0]), images, Categories.from_names(names), form)
    header = path.read_text().splitlines()[0]
    path.write_text(f"{header}\na,{cell}\n")
    errors = [
        issue.message
        for issue in check_submission(path, form, images, Categories.from_names(names))
        if issue.level == "error"
    ]
    assert len(errors) == 1
    assert message in errors[0]


def test_coco_results_are_checked(tmp_path: Path) -> None:
    images, classes = Images([5], ["a.png"], [[100, 100]]), Categories((3,), ("metal",))
    table = Predictions.from_rows([5], [0, 0], [[1, 1, 9, 9], [1, 1, 130, 9]], [0.05, 0.5], [0, 0])
    write_submission(tmp_path / "x.json", table, images, classes, "coco")
    issues = check_submission(tmp_path / "x.json", "trash", images, classes)
    assert [f.where for f in issues] == ["image a.png, box 2"]
    assert "30.0 pixels outside (1 of 2 boxes)" in issues[0].message


def test_shares_are_one_a_class(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"one a class \(5\), but are \[4\]"):
        check(toy(), text_of(toy().rows), tmp_path, last_shares=SHARES[1:], val_shares=None)


def test_missing_file_is_no_finding_about_the_submission(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="cannot read"):
        check_submission(tmp_path / "absent.csv")


def test_every_check_found_something(tmp_path: Path) -> None:
    """Each check of the table is what finds at least one of the cases above."""
    case, silent = toy(), set(CHECKS)
    like = read(case, text_of(case.rows), tmp_path)
    context = (case.images, case.categories, case.shares, np.roll(case.shares, 1), like)
    ways = [spoil for spoil, _ in (*SPOILED.values(), *WARNED.values())]
    for spoil in (*ways, boxes_moved, lambda r: text_of([*r[:-1], (r[-1][0], "@SUM(1)")])):
        (tmp_path / "x.csv").write_text(spoil(case.rows))
        try:
            file = read_csv(tmp_path / "x.csv")
        except PodiumError:
            continue
        if set(FORMATS["trash"].columns) <= set(file.header):
            subject = subject_of_csv(file, FORMATS["trash"], *context)
            silent -= {check for check in silent if check(subject)}
    assert silent == set()
