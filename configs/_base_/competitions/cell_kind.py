# Blood cells: of which kind is the cell in a given box? The files and split of the detectors.
_base_ = "./bccd.py"

competition = dict(
    name="cell_kind", task="region", exclusive=True, metric="ranking_AP", format="coco"
)
