"""The `podium` command: every tool by its name, and a help that lists them by task."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from custom import __version__, cli, shipped
from custom.errors import PodiumError

ROOT = Path(__file__).resolve().parents[1]


def podium(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from custom.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_every_tool_is_a_command() -> None:
    files = {path.stem for path in (ROOT / "tools").glob("*.py")} - {"setup_env"}
    assert set(shipped.tools()) == {name.replace("_", "-") for name in files}
    listed = [name for names in cli.TASKS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(shipped.tools())


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"]])
def test_the_help_says_what_each_command_does(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, path in shipped.tools().items():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert line.split(maxsplit=1)[1] == cli.summary(path)
        assert len(cli.summary(path)) > 20


def test_a_command_runs_as_its_file_would(tmp_path: Path) -> None:
    done = podium("submit", "--check", "absent.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "absent.csv" in done.stderr


@pytest.mark.parametrize("arguments", [["help", "pseudo-label"], ["pseudo_label", "--help"]])
def test_the_help_of_a_command_is_its_own(arguments: list[str], tmp_path: Path) -> None:
    done = podium(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: podium pseudo")
    assert "--overwrite" in done.stdout


def test_an_unknown_command_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trian", "x.py"]) == 2
    assert "no command 'trian'; did you mean train?" in capsys.readouterr().err
    assert cli.main(["setup-env"]) == 2


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"podium {__version__}\n"


def test_bash_completes_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["completion"])
    script = capsys.readouterr().out + 'echo "${COMPREPLY[@]}"; complete -p podium\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert " leaderboard " in done.stdout


def test_configs_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "sample/yolox_nano.py"
    assert shipped.config_file(name) == ROOT / "configs" / name
    shipped.copy_configs(Path("configs"))
    assert shipped.config_file(name) == Path("configs") / name
    copied = {p.relative_to(tmp_path / "configs") for p in (tmp_path / "configs").rglob("*.py")}
    assert copied == {p.relative_to(ROOT / "configs") for p in (ROOT / "configs").rglob("*.py")}
    with pytest.raises(PodiumError, match="configs must not exist yet"):
        shipped.copy_configs(Path("configs"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["configs"]
