# Hatches at 384x384, as large as the published models saw them.
_base_ = ["../competitions/hatch.py", "./labels.py"]
