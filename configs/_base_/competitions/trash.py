# Recycling trash: where its data lies, its classes, its sealed split. Beside a whole config of
# MMDetection this file alone is inherited from (docs/detectors.md).
_base_ = "./common.py"

competition = dict(
    name="trash",
    metric="AP50",
    format="trash",
    data_root="data/trash",
    train_ann="train.json",
    test_ann="test.json",
    split="data/trash/splits/5fold-seed42",
    fold=0,
    classes=(
        "General trash",
        "Paper",
        "Paper pack",
        "Metal",
        "Glass",
        "Plastic",
        "Styrofoam",
        "Plastic bag",
        "Battery",
        "Clothing",
    ),
)
