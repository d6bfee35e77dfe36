"""The pages of the review, one module each: `TITLE`, `FILE` and `write(review, site)`."""
