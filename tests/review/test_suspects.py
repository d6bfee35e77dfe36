from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.labels.command import FindRequest, edit_of, run_find
from custom.labels.patch import Edit, write_patch
from custom.labels.suspects import KINDS, find_suspects
from custom.review.compute.proposals import (
    edit_of_record,
    find_proposals,
    open_line,
    page_records,
    read_proposals,
    rivals_of,
    worst_proposals,
)
from custom.review.draw.pages.suspects import proposals_of
from custom.review.inputs import Review
from custom.tables.coco import write_results
from tests.evaluation.cases import make_gt, make_predictions
from tests.review.suspect_cases import planted_review

BOX, NEAR, FAR = (10.0, 10.0, 20.0, 20.0), (10.5, 10.0, 20.0, 20.0), (60.0, 60.0, 20.0, 20.0)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return planted_review(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def suspects_file(review: Review, tmp_path: Path) -> Path:
    """What `labels.py find` writes beside the same predictions."""
    predictions, out = tmp_path / "predictions.json", tmp_path / "suspects.json"
    write_results(predictions, review.models[0].predictions, review.gt.categories)
    run_find(FindRequest((), predictions, Path(review.gt.source), out=out))
    return out


def test_every_suspect_proposes_the_edit_of_labels_find(review: Review) -> None:
    suspects = find_suspects(review.gt, review.models[0].predictions)
    records = proposals_of(review).records
    assert len(records) == len(suspects) > 20
    assert {record["kind"] for record in records} >= {"missing", "class", "localization"}
    edits = [edit_of(review.gt, suspect) for suspect in suspects]
    assert [edit_of_record(record) for record in records] == edits


def test_a_line_with_author_and_reason_is_that_of_a_patch(review: Review, tmp_path: Path) -> None:
    name, why = 'Jörg "J" \\ <j>', "really\ta 2\u2028"
    for record in proposals_of(review).records:
        edit = edit_of_record(record)
        ending = f'"author":{json.dumps(name, ensure_ascii=False)},"reason":'
        line = f"{open_line(edit)}{ending}{json.dumps(why, ensure_ascii=False)}}}\n"
        write_patch(tmp_path / "p.jsonl", [replace(edit, author=name, reason=why)])
        assert (tmp_path / "p.jsonl").read_bytes() == line.encode()


def test_suspects_read_from_a_file_are_those_found(review: Review, suspects_file: Path) -> None:
    found = proposals_of(review)
    read = proposals_of(replace_file(review, suspects_file))
    assert list(map(edit_of_record, read.records)) == list(map(edit_of_record, found.records))
    assert read.left_out == 0
    assert "suspects.json" in read.origin
    assert "good" in found.origin


def replace_file(review: Review, path: Path) -> Review:
    return Review(review.title, review.gt, review.models, suspects_file=path)


def test_suspects_on_other_images_are_left_out_and_counted(
    review: Review, suspects_file: Path
) -> None:
    part = review.gt.take(range(10))
    read = read_proposals(suspects_file, part)
    total = len(read_json(suspects_file)["suspects"])
    assert 0 < len(read.records) < total
    assert len(read.records) + read.left_out == total
    assert {record["image_id"] for record in read.records} <= set(part.images.ids.tolist())


def test_the_old_name_of_an_error_type_is_read(review: Review, suspects_file: Path) -> None:
    content = read_json(suspects_file)
    kinds = [record["kind"] for record in content["suspects"]]
    for record in content["suspects"]:
        record["kind"] = record["kind"].replace("localization", "place")
    write_json(suspects_file, content)
    assert "localization" in kinds
    read = read_proposals(suspects_file, review.gt)
    assert sorted(record["kind"] for record in read.records) == sorted(kinds)


def test_suspects_of_other_annotations_are_refused(review: Review, suspects_file: Path) -> None:
    content = read_json(suspects_file)
    content["annotations"]["hash"] = "0" * 64
    write_json(suspects_file, content)
    with pytest.raises(PodiumError, match=r"must belong to .*train.json, but was made with other"):
        read_proposals(suspects_file, review.gt)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([], id="a list"),
        pytest.param({"suspects": []}, id="no annotations"),
        pytest.param({"annotations": {"hash": "x"}, "suspects": [3]}, id="a number"),
        pytest.param({"annotations": {"hash": "x"}, "suspects": [{"kind": "class"}]}, id="a stub"),
        pytest.param({"annotations": 3, "suspects": []}, id="no facts"),
    ],
)
def test_other_files_are_refused(review: Review, tmp_path: Path, content: object) -> None:
    write_json(tmp_path / "x.json", content)
    with pytest.raises(PodiumError, match=r"x.json"):
        read_proposals(tmp_path / "x.json", review.gt)


def test_records_for_the_page_hold_both_boxes(review: Review) -> None:
    gt = review.gt
    proposals = find_proposals(gt, review.models[0].predictions, "good")
    for page, record in zip(page_records(gt, proposals.records), proposals.records, strict=True):
        rows = gt.rows(page["image"])
        if record["annotation_id"] is None:
            assert page["annotated"] is None
            assert page["row"] is None
        else:
            assert gt.annotation_ids[rows][page["row"]] == record["annotation_id"]
            assert page["annotated"] == pytest.approx(
                gt.bboxes[rows][page["row"]].tolist(), abs=0.01
            )
        assert page["seen"] == pytest.approx(list(record["seen_bbox"]), abs=0.01)
        assert page["line"].startswith('{"image":')


@pytest.mark.parametrize(
    ("one", "other", "rivals"),
    [
        pytest.param(
            Edit("a.jpg", "remove", "can", BOX), Edit("a.jpg", "relabel", "can", BOX, "bag"),
            True, id="two wishes for a box",
        ),
        pytest.param(
            Edit("a.jpg", "remove", "can", BOX), Edit("a.jpg", "move", "can", NEAR, FAR),
            True, id="up to a pixel",
        ),
        pytest.param(
            Edit("a.jpg", "add", "can", BOX), Edit("a.jpg", "add", "bag", NEAR),
            True, id="one object added as two classes",
        ),
        pytest.param(
            Edit("a.jpg", "remove", "can", BOX), Edit("a.jpg", "remove", "can", FAR),
            False, id="two boxes",
        ),
        pytest.param(
            Edit("a.jpg", "remove", "can", BOX), Edit("b.jpg", "remove", "can", BOX),
            False, id="two images",
        ),
    ],
)  # fmt: skip
def test_rivals(one: Edit, other: Edit, rivals: bool) -> None:
    assert rivals_of([one, other]) == ([[1], [0]] if rivals else [[], []])


def test_a_duplicate_names_the_box_that_it_repeats() -> None:
    box, same, far = (10, 10, 50, 50), (10, 10, 50, 49), (60, 60, 90, 90)
    gt = make_gt([(0, 0, *far), (0, 0, *box), (0, 1, *same)], num_classes=2)
    records = find_proposals(gt, make_predictions([(0, 0, 0.9, *box)]), "m").records
    (shown,) = (each for each in page_records(gt, records) if each["kind"] == "duplicate")
    assert (shown["row"], shown["twin"]) == (2, 1)


def test_the_worst_of_each_kind_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom.review.compute.proposals.SHOWN_AT_MOST", 2)
    monkeypatch.setattr("custom.review.compute.proposals.OF_EACH_KIND", 1)
    records = [{"kind": kind, "n": n} for n, kind in enumerate([KINDS[0]] * 4 + [KINDS[3]] * 2)]
    assert [record["n"] for record in worst_proposals(records)] == [0, 1, 4]
    assert worst_proposals([]) == []
