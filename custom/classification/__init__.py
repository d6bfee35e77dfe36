"""What is a classifier's own, of whole images and of regions; importing it registers it.

A label is a box: that of the whole image, or the region's. So classifiers share a detector's data
set, transforms of boxes and metric, which come along.
"""

from custom import detection
from custom.classification import facts, models, transforms, tta

__all__ = ["detection", "facts", "models", "transforms", "tta"]
