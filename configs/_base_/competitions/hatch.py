# A hatch before a fixed camera: is it open, is it closed? Two questions about the whole image, each
# answered by itself; it may be neither. `podium make_sample --task image data/hatch` draws it.
_base_ = "./common.py"

competition = dict(
    name="hatch",
    task="image",
    metric="ranking_AP",
    data_root="data/hatch",
    train_ann="train.json",
    test_ann="test.json",
    split="data/hatch/splits/5fold-seed42",
    fold=0,
    classes=("open", "close"),
)
