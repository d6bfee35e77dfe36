"""tools/inspect_config.py: what it prints, and with which code it ends."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from custom.errors import PodiumError, run_tool
from tools.inspect_config import main

BASE = """\
image_scale = (64, 48)
train_pipeline = [dict(type="LoadImageFromFile"), dict(type="Resize", scale=image_scale)]
train_dataloader = dict(batch_size=8, dataset=dict(type="CompetitionDataset",
                                                  pipeline=train_pipeline))
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.1, momentum=0.9),
    paramwise_cfg=dict(custom_keys={"backbone.norm": dict(lr_mult=0.5)}),
)
"""


@pytest.fixture
def write(tmp_path: Path):
    def write_config(text: str) -> str:
        (tmp_path / "base.py").write_text(BASE)
        (tmp_path / "config_file.py").write_text('_base_ = "./base.py"\n' + text)
        return str(tmp_path / "config_file.py")

    return write_config


def lines_of(capsys: pytest.CaptureFixture) -> list[str]:
    return capsys.readouterr().out.splitlines()


def line_of(lines: list[str], key: str) -> str:
    (line,) = [line for line in lines if line.startswith(f"{key} = ")]
    return line


def test_each_value_is_resolved_and_has_the_line_that_set_it(
    write, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    config_file = write("optim_wrapper = dict(optimizer=dict(lr=0.2))\nbatch = 4\n")
    assert main([config_file]) == 0
    lines, base = lines_of(capsys), tmp_path / "base.py"
    assert line_of(lines, "optim_wrapper.optimizer.lr").endswith(f"= 0.2  # {config_file}:2")
    assert line_of(lines, "optim_wrapper.optimizer.momentum").endswith(f"= 0.9  # {base}:7")
    # A name stands for its value, whatever file gave it.
    pipeline = line_of(lines, "train_dataloader.dataset.pipeline")
    assert "{'type': 'Resize', 'scale': (64, 48)}" in pipeline
    assert pipeline.endswith(f"# {base}:4")
    dotted = line_of(lines, "optim_wrapper.paramwise_cfg.custom_keys.backbone.norm.lr_mult")
    assert "= 0.5" in dotted


def test_a_replaced_dict_has_its_new_entries_alone(write, capsys: pytest.CaptureFixture) -> None:
    config_file = write(
        "optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=0.2))\n"
    )
    main([config_file])
    found = [line for line in lines_of(capsys) if line.startswith("optim_wrapper.optimizer")]
    assert [line.split("  #")[0] for line in found] == [
        "optim_wrapper.optimizer.lr = 0.2",
        "optim_wrapper.optimizer.type = 'AdamW'",
    ]


def test_findings_alone(write, capsys: pytest.CaptureFixture) -> None:
    config_file = write("optim_wrapper = dict(optimizer=dict(lr=0.2))\n")
    assert main([config_file, "--findings", "--strict"]) == 0
    note, closing = lines_of(capsys)
    assert note.startswith("note: optim_wrapper.optimizer.lr: 0.1 at ")
    assert closing == "0 warnings, 1 notes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "model = dict(a=1)\nmodel = dict(b=2)\n", "warning: model: set twice", id="top level"
        ),
        pytest.param("model = {'a': 1, 'a': 2}\n", "warning: model.a: set twice", id="in a dict"),
        pytest.param("image_scale = (32, 32)\n", "image_scale: set at .*old value", id="unread"),
        pytest.param("learning_rate = 1\n", "learning_rate: .*nothing reads it", id="unknown"),
        pytest.param("train_pipeline = [1]\n", "handed to no dataloader", id="pipeline"),
        pytest.param("train_dataloader = dict(dataset=dict(folds=3))\n", "folds", id="argument"),
    ],
)
def test_what_is_odd_is_named_and_fails_where_asked(
    write, capsys: pytest.CaptureFixture, text: str, said: str
) -> None:
    config_file = write(text)
    assert main([config_file, "--findings"]) == 0
    capsys.readouterr()
    assert main([config_file, "--issues", "--strict"]) == 1
    lines = lines_of(capsys)
    assert any(re.search(said, line) and line.startswith("warning: ") for line in lines)
    assert lines[-1].startswith("1 warnings")


def no_file(folder: Path) -> str:
    return str(folder / "none.py")


def spoilt(content: bytes):
    def write_it(folder: Path) -> str:
        (folder / "other.py").write_text("model = dict(a=1)\n")
        (folder / "another.py").write_text("model = dict(a=2)\n")
        (folder / "bad.py").write_bytes(content)
        return str(folder / "bad.py")

    return write_it


BAD = [
    pytest.param(no_file, r"none\.py: No such file", id="no file"),
    pytest.param(str, "Is a directory", id="a folder"),
    pytest.param(spoilt(b"model = ("), r"bad\.py:1: .*never closed", id="syntax"),
    pytest.param(spoilt(b"model = dict(a=1, a=2)"), r"bad\.py:1: .*repeated", id="keyword twice"),
    pytest.param(spoilt(b"a = '\xff\xfe'"), "must be Python in UTF-8", id="not UTF-8"),
    pytest.param(spoilt(b"model = dict(a=nothing)"), "name 'nothing' is not", id="unknown name"),
    pytest.param(spoilt(b'_base_ = "./none.py"'), r"cannot read .*none\.py", id="no base"),
    pytest.param(
        spoilt(b'_base_ = ["./other.py", "./another.py"]'), "Duplicate keys", id="bases disagree"
    ),
    pytest.param(
        spoilt(b'custom_imports = dict(imports=["no_such_module"])'), "no_such_module", id="import"
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_a_bad_config_is_an_error(tmp_path: Path, spoil, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        main([spoil(tmp_path)])


def test_a_bad_config_ends_with_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["inspect_config.py", no_file(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        run_tool(main)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: cannot read the config")
