# Two of fifteen changes of colour and geometry on each image, at random strengths.
augmentations = [dict(type="RandAugment", aug_num=2)]
