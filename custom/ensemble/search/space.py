"""What the search chooses from: parameters of a fusion, as Optuna's trials know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom.ensemble.config import FusionConfig
from custom.ensemble.methods import METHODS, SKIP_BOX_THR, Parameter

if TYPE_CHECKING:
    import optuna


def identity() -> list[Any]:
    """Return what tells this space from another: trials of another are not gone on from."""
    return [[name, [_range(each) for each in searched(name)]] for name in METHODS]


def searched(method: str) -> tuple[Parameter, ...]:
    """Return the parameters of a method that the search draws."""
    parameters = (SKIP_BOX_THR, *METHODS[method].parameters)
    return tuple(each for each in parameters if each.range or each.choices)


def suggest(trial: optuna.Trial, num_models: int) -> FusionConfig:
    """Let a trial choose a fusion; parameters that a method does not use are not asked for."""
    method = trial.suggest_categorical("method", tuple(METHODS))
    fixed = [each for each in METHODS[method].parameters if each.searched is not None]
    chosen: dict[str, Any] = {"method": method} | {each.name: each.searched for each in fixed}
    for parameter in searched(method):
        chosen[parameter.name] = _draw(trial, parameter)
    weights = tuple(trial.suggest_float(f"weight_{k}", 0.0, 1.0) for k in range(num_models))
    return FusionConfig(**chosen, weights=weights if any(weights) else None)


def params_of(config: FusionConfig, num_models: int) -> dict[str, Any]:
    """Return the parameters that make `suggest` choose this fusion, to try it first."""
    params: dict[str, Any] = {"method": config.method}
    for parameter in searched(config.method):
        value = getattr(config, parameter.name)
        if parameter.range:
            low, high = parameter.range
            value = min(max(value, low), high)
        params[parameter.name] = value
    weights = config.weights_for(num_models)
    return params | {f"weight_{k}": weight for k, weight in enumerate(weights)}


def _draw(trial: optuna.Trial, parameter: Parameter) -> Any:
    if parameter.range is None:
        return trial.suggest_categorical(parameter.name, parameter.choices)
    return trial.suggest_float(parameter.name, *parameter.range, log=parameter.log)


def _range(parameter: Parameter) -> list[Any]:
    return [parameter.name, list(parameter.range or parameter.choices), parameter.log]


def alone(model: int, num_models: int) -> FusionConfig:
    """Return the fusion that hands one model's boxes on as they are."""
    weights = tuple(float(k == model) for k in range(num_models))
    return FusionConfig(method="nms", iou_thr=1.0, skip_box_thr=0.0, weights=weights)


def is_alone(config: FusionConfig) -> bool:
    """Whether a fusion hands one model's boxes on as they are."""
    used = [weight for weight in config.weights or () if weight]
    form = (config.method, config.iou_thr, config.skip_box_thr)
    return len(used) == 1 and form == ("nms", 1.0, 0.0)


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
