# The small UniverseNet on the competition's images: proves the whole chain on a CPU, and is the
# quickest first answer on a GPU. From scratch, so it trains longer than the configs that start
# from COCO.
_base_ = [
    "../_base_/models/universenet_nano.py",
    "../_base_/datasets/trash.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
