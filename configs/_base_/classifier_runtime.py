# What every classifier's run shares: as a detector's, with the package of the classifiers.
_base_ = "./default_runtime.py"
custom_imports = dict(imports=["custom.classification"])
