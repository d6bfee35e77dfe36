"""Label errors: found by models that have not seen them, fixed by patches that people review."""

from custom.labels.apply import apply_patches
from custom.labels.diff import Diff, diff_annotations
from custom.labels.patch import Edit, read_patches, write_patch
from custom.labels.suspects import Suspect, find_suspects

__all__ = [
    "Diff",
    "Edit",
    "Suspect",
    "apply_patches",
    "diff_annotations",
    "find_suspects",
    "read_patches",
    "write_patch",
]
