"""What the search chooses from: parameters of a fusion, as Optuna's trials know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom.ensemble.config import CONF_TYPES, FusionConfig

if TYPE_CHECKING:
    import optuna

METHODS = ("wbf", "nmw", "soft_nms", "soft_nms_linear", "nms", "diou_nms")
# Up to 1, at which NMS leaves every box as it is: so a model alone is a point of the space.
IOU_RANGE = (0.3, 1.0)
SKIP_RANGE = (1e-4, 0.5)
SIGMA_RANGE = (0.05, 2.0)
# What tells this space from another: trials of another are not gone on from.
IDENTITY = (METHODS, CONF_TYPES, IOU_RANGE, SKIP_RANGE, SIGMA_RANGE)


def suggest(trial: optuna.Trial, num_models: int) -> FusionConfig:
    """Let a trial choose a fusion; parameters that a method does not use are not asked for."""
    method = trial.suggest_categorical("method", METHODS)
    chosen: dict[str, Any] = {
        "method": method,
        "skip_box_thr": trial.suggest_float("skip_box_thr", *SKIP_RANGE, log=True),
    }
    if method != "soft_nms":
        chosen["iou_thr"] = trial.suggest_float("iou_thr", *IOU_RANGE)
    if method == "soft_nms":
        chosen["sigma"] = trial.suggest_float("sigma", *SIGMA_RANGE, log=True)
    if method.startswith("soft_nms"):
        chosen["decay_scores"] = True
    if method == "wbf":
        chosen["conf_type"] = trial.suggest_categorical("conf_type", CONF_TYPES)
    weights = tuple(trial.suggest_float(f"weight_{k}", 0.0, 1.0) for k in range(num_models))
    return FusionConfig(**chosen, weights=weights if any(weights) else None)


def params_of(config: FusionConfig, num_models: int) -> dict[str, Any]:
    """Return the parameters that make `suggest` choose this fusion, to try it first."""
    low, high = SKIP_RANGE
    params: dict[str, Any] = {
        "method": config.method,
        "skip_box_thr": min(max(config.skip_box_thr, low), high),
    }
    if config.method == "soft_nms":
        params["sigma"] = config.sigma
    else:
        params["iou_thr"] = config.iou_thr
    if config.method == "wbf":
        params["conf_type"] = config.conf_type
    weights = config.weights_for(num_models)
    return params | {f"weight_{k}": weight for k, weight in enumerate(weights)}


def alone(model: int, num_models: int) -> FusionConfig:
    """Return the fusion that hands one model's boxes on as they are."""
    weights = tuple(float(k == model) for k in range(num_models))
    return FusionConfig(method="nms", iou_thr=1.0, skip_box_thr=0.0, weights=weights)


def defaults() -> dict[str, FusionConfig]:
    """Return what one would try without a search, by name."""
    return {
        "plain NMS": FusionConfig(method="nms", iou_thr=0.5),
        "default WBF": FusionConfig(),
        "WBF, box and model average": FusionConfig(conf_type="box_and_model_avg"),
        "WBF, highest score": FusionConfig(conf_type="max"),
        "default NMW": FusionConfig(method="nmw"),
        "default soft-NMS": FusionConfig(method="soft_nms", decay_scores=True),
    }
