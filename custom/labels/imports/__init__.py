"""Labels of images and of regions, from the files that people keep them in, as COCO annotations."""

from custom.labels.imports.command import ImportRequest, run_import

__all__ = ["ImportRequest", "run_import"]
