# Two images blended, their labels likewise. It did not help on tiny pictures.
augmentations = [dict(type="LabelMixup", prob=0.5, alpha=0.2)]
