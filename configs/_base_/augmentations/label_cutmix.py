# A rectangle of another image, the labels mixed by the areas. It did not help on tiny pictures.
augmentations = [dict(type="LabelCutMix", prob=0.5, alpha=1.0)]
