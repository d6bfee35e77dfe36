# hatch.py without augmentations but the flip: what ../hatch/ablations.py compares with.
_base_ = "./hatch.py"
augmentations = []
