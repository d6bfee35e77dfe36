"""What must hold before a training starts, so that it does not fail an hour later."""

from custom.training.checks.before import check_before_training
from custom.training.checks.data import check_classes, check_image_files
from custom.training.checks.weights import check_weights

__all__ = ["check_before_training", "check_classes", "check_image_files", "check_weights"]
