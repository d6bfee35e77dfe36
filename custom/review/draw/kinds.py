"""What the kinds of error are called and mean, in one sentence each."""

from __future__ import annotations

from typing import NamedTuple


class KindText(NamedTuple):
    """A kind of error in words: as a heading, as a sentence, and of a single error."""

    title: str
    text: str
    one: str


# By the names of `custom.evaluation.errors.ERROR_NAMES`.
KIND_TEXTS: dict[str, KindText] = {
    "classification": KindText(
        "Wrong class", "the place is right, but the class is not.", "wrong class"
    ),
    "localisation": KindText(
        "Badly placed", "the class is right, but the boxes overlap too little.", "badly placed"
    ),
    "both": KindText(
        "Wrong class and place",
        "the box only touches an object of another class.",
        "class and place",
    ),
    "duplicate": KindText("Duplicates", "an object that was found already.", "duplicate"),
    "background": KindText(
        "On background", "a detection where nothing is annotated.", "on background"
    ),
    "missed": KindText("Missed boxes", "annotated boxes with no detection near them.", "missed"),
}
