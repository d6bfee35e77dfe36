"""What the kinds of error are called and mean, in one sentence each."""

from __future__ import annotations

from typing import NamedTuple


class KindText(NamedTuple):
    """A kind of error in words."""

    title: str
    text: str


# By the names of `custom.evaluation.errors.ERROR_NAMES`.
KIND_TEXTS: dict[str, KindText] = {
    "classification": KindText("Wrong class", "well-placed boxes that are called something else."),
    "localisation": KindText(
        "Badly placed", "the class is right, but the boxes overlap too little."
    ),
    "both": KindText("Wrong class and place", "boxes that only touch something of another class."),
    "duplicate": KindText("Duplicates", "what was found already is found again."),
    "background": KindText("On background", "something is found where nothing is annotated."),
    "missed": KindText("Missed boxes", "annotated boxes that nothing found comes near."),
}
