"""What may be wrong with a submission: pure functions, one table of them in `checker`."""
