# The small YOLOX: no anchors, SimOTA, another inductive bias than universenet_nano, so that the
# two are worth fusing. From scratch.
_base_ = [
    "../_base_/models/yolox_nano.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
