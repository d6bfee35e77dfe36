"""What each idea is worth: one change at a time against one baseline, trained, gated, tabled."""

from custom.ablation.plan import Plan, Variant, read_plan
from custom.ablation.runner import Job, VariantResult, run_ablation

__all__ = ["Job", "Plan", "Variant", "VariantResult", "read_plan", "run_ablation"]
