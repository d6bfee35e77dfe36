"""The review: a folder of pages, opened from disk, that shows where the score is lost."""

from custom.review.command import write_review
from custom.review.inputs import Model, Request, Review, read_review

__all__ = ["Model", "Request", "Review", "read_review", "write_review"]
