"""Scores of a detector's boxes, corrected by what a classifier says of the image or the box."""
