# An unsteady camera: turned by up to 5 degrees, blurred with a sigma of 0.5 to 1.5 pixels.
augmentations = [dict(type="CameraJitter", max_degrees=5.0, sigma=(0.5, 1.5))]
