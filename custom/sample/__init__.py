"""Generated trash scenes with known boxes, for demos and tests where no real images are at hand.

Needs OpenCV, which the light core does not install: import the modules, not this package.
"""
