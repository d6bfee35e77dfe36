"""Score thresholds by class: chosen for a goal on out-of-fold predictions, kept, applied."""
