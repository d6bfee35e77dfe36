"""What the error types are called and mean, in one sentence each."""

from __future__ import annotations

from typing import NamedTuple


class ErrorText(NamedTuple):
    """An error type in words: as a heading, as a sentence, and of a single error."""

    title: str
    text: str
    one: str


# By the names of `custom.evaluation.errors.ERROR_NAMES`.
ERROR_TEXTS: dict[str, ErrorText] = {
    "classification": ErrorText(
        "Wrong class", "the box is right, but the class is not.", "wrong class"
    ),
    "localisation": ErrorText(
        "Localization", "the class is right, but the boxes overlap too little.", "localization"
    ),
    "both": ErrorText(
        "Class and localization",
        "the box only touches an object of another class.",
        "class and localization",
    ),
    "duplicate": ErrorText("Duplicates", "an object that was found already.", "duplicate"),
    "background": ErrorText(
        "On background", "a detection where nothing is annotated.", "on background"
    ),
    "missed": ErrorText("Missed boxes", "annotated boxes with no detection near them.", "missed"),
}
