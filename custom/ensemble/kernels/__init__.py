"""Compiled loops over the boxes of a range of images; see `custom.ensemble.fusing`.

Each kernel handles images `first` to `last` and writes only to these images' own rows, so that
ranges run on any number of threads with the same result. Nothing here checks its input.
"""
