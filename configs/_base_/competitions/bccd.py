# Blood cells: 292 + 72 images at 640x480, 3 classes.
_base_ = "./common.py"

competition = dict(
    name="bccd",
    format="trash",  # it has no format of its own; submissions are written as there
    data_root="data/bccd",
    train_ann="train.json",
    test_ann="test.json",
    split="data/bccd/splits/5fold-seed42",
    fold=0,
    classes=("WBC", "RBC", "Platelets"),
)
