"""Submissions: the competitions' formats, and the checker."""

from custom.submission.checker import blocks, check_predictions, check_submission
from custom.submission.checks.subject import Issue
from custom.submission.formats import FORMATS, SubmissionFormat
from custom.submission.reader import read_images, read_submission, read_submissions
from custom.submission.writer import write_submission

__all__ = [
    "FORMATS",
    "Issue",
    "SubmissionFormat",
    "blocks",
    "check_predictions",
    "check_submission",
    "read_images",
    "read_submission",
    "read_submissions",
    "write_submission",
]
