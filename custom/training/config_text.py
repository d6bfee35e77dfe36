"""The text of a config, formatted once while a training runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import Config


@contextmanager
def formatted_once() -> Iterator[None]:
    """Format each config once within the block.

    MMEngine puts a config's text into every checkpoint and formats it anew for each, about a
    second for a large one, in which the training stands still.
    """
    format_text = Config.pretty_text.fget
    texts: dict[str, str] = {}

    def pretty_text(config: Config) -> str:
        content = repr(config._cfg_dict)
        if content not in texts:
            texts[content] = format_text(config)
        return texts[content]

    Config.pretty_text = property(pretty_text)
    try:
        yield
    finally:
        Config.pretty_text = property(format_text)
