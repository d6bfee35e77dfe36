# What every competition says unless its own file says otherwise. `metric` decides everywhere, from
# the best checkpoint to the ledger (docs/scoring.md); `format` is how the competition takes
# predictions (docs/submission.md).
competition = dict(metric="AP50", format="coco", task="detection")
