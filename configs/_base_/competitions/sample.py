# The drawn trash scenes of tools/make_sample.py: the trash competition's classes.
_base_ = "./trash.py"
competition = dict(name="sample", data_root="data/sample", split="data/sample/splits/5fold-seed42")
