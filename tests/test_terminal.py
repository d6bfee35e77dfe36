import io

import pytest

from custom.terminal import PlainStream, plain, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("car [parked]\tx\n", "car [parked]\tx\n", id="text stays"),
        pytest.param("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H", id="clears the screen"),
        pytest.param("a\x00\x7f", "a\\x00\\x7f", id="control characters"),
        pytest.param("a\u202eb", "a\\u202eb", id="turns the reading direction"),
    ],
)
def test_control_characters_are_shown_as_escapes(text, expected):
    assert plain(text) == expected


def test_a_stream_writes_colours_and_what_its_encoding_lacks():
    raw = io.TextIOWrapper(io.BytesIO(), "ascii", "strict")
    stream = PlainStream(raw)
    print("\x1b[31mred\x1b[0m \x1b[2J \udcff é", file=stream, flush=True)
    assert raw.buffer.getvalue() == b"\x1b[31mred\x1b[0m \\x1b[2J \\udcff \\xe9\n"


def test_markup_in_names_is_text():
    assert shown("[red]x\x1b") == "\\[red]x\\x1b"
