# A person at work, given as a box: fastened by a safety rope or not? Each box is exactly one of the
# two. `podium make_sample --task region data/rope` draws it.
_base_ = "./common.py"

competition = dict(
    name="rope",
    task="region",
    exclusive=True,
    metric="ranking_AP",
    data_root="data/rope",
    train_ann="train.json",
    test_ann="test.json",
    split="data/rope/splits/5fold-seed42",
    fold=0,
    classes=("rope", "no_rope"),
)
