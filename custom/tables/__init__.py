"""The two tables that everything takes or returns, and what they are read from."""

from custom.tables.ground_truth import GroundTruth
from custom.tables.images import Categories, Images
from custom.tables.predictions import Predictions

__all__ = ["Categories", "GroundTruth", "Images", "Predictions"]
