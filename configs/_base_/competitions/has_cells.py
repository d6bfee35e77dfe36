# Blood cells: is there a white cell on the image, are there platelets? Labels of whole images, made
# from the annotated cells (docs/classifiers.md).
_base_ = "./bccd.py"

competition = dict(
    name="has_cells",
    task="image",
    metric="ranking_AP",
    format="coco",
    train_ann="has_cells.json",
    test_ann="has_cells_test.json",
    split="data/bccd/splits/has_cells-5fold-seed42",
    classes=("has_WBC", "has_Platelets"),
)
