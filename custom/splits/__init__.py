"""Sealed splits: balanced folds that keep related images together, under one hash."""

from custom.splits.check import changed_val_images, check_split
from custom.splits.leaks import assert_no_leak, assert_no_val_content, select_part
from custom.splits.make import Evidence, make_split, read_labelled, take_external_split
from custom.splits.seal import Draft, seal
from custom.splits.split import Split, read_split

__all__ = [
    "Draft",
    "Evidence",
    "Split",
    "assert_no_leak",
    "assert_no_val_content",
    "changed_val_images",
    "check_split",
    "make_split",
    "read_labelled",
    "read_split",
    "seal",
    "select_part",
    "take_external_split",
]
