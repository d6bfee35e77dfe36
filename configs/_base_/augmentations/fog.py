# Weather that the training photographs lack: fog on a quarter of the images.
augmentations = [dict(type="RandomFog", prob=0.25, intensity=(0.2, 0.6))]
