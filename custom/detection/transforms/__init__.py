"""Transforms, registered in MMDetection's registry."""
