import pytest

from tools.make_sample import main


def test_makes_data_and_a_contact_sheet(tmp_path, capsys):
    folder, sheet = tmp_path / "sample", tmp_path / "sheet.png"
    argv = [str(folder), "--seed", "3", "--train", "2", "--test", "1", "--size", "64"]
    assert main([*argv, "--contact-sheet", str(sheet)]) is None
    assert sheet.is_file()
    assert (folder / "test_boxes.json").is_file()
    printed = capsys.readouterr().out
    assert f"{folder / 'train.json'}: 2 images" in printed


def test_help_names_the_options(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--contact-sheet" in capsys.readouterr().out
