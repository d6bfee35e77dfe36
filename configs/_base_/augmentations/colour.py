# Other light. It makes floats: whatever wants uint8 comes before it.
augmentations = [dict(type="PhotoMetricDistortion", brightness_delta=24, hue_delta=12)]
