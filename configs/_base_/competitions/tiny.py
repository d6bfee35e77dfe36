# One object of the ten trash classes on 64x64 pixels. `podium make_sample --task tiny data/tiny`
# draws it.
_base_ = "./trash.py"

competition = dict(
    name="tiny",
    task="image",
    exclusive=True,
    metric="ranking_AP",
    format="coco",
    data_root="data/tiny",
    split="data/tiny/splits/5fold-seed42",
)
