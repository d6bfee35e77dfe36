"""Soups of finished runs: scored on their val fold, batch-norm statistics recomputed."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from custom.errors import PodiumError
from custom.files import check_replaceable
from custom.runs import read_run
from custom.training.metric import competition_metric
from custom.training.prediction import predict
from custom.training.run_config import load_run_config
from custom.training.seeding import apply_seed
from custom.training.soup import (
    Soup,
    State,
    greedy_soup,
    is_soup,
    recompute_batch_norm,
    uniform_soup,
    write_soup,
)

METHODS = ("greedy", "uniform")


def make_soup(
    paths: Sequence[str],
    out: str,
    method: str = "greedy",
    num_batches: int = 50,
    overwrite: bool = False,
) -> Soup:
    """Average the checkpoints of runs of one config and one fold, and write the result.

    Args:
        paths: `runs/*/best.pth`.
        out: The checkpoint to write.
        method: "greedy" keeps what improves the metric on the val fold; "uniform" takes all.
        num_batches: Training batches that batch-norm statistics are recomputed from.
        overwrite: Replace `out`, whatever it is.

    Raises:
        PodiumError: If the runs differ in fold or split, a file is not there, or `out` is there
            and no soup.
    """
    check_replaceable([out], paths, overwrite, is_soup, "name another --out, or use --overwrite")
    if method not in METHODS:
        raise PodiumError(f"method must be one of {', '.join(METHODS)}, but is {method!r}")
    cook = _Cook(_shared_config(paths), num_batches)
    if method == "uniform":
        soup = uniform_soup(paths)
        soup = Soup(cook.adapted(soup.state), soup.members, {"soup": cook.score(soup.state)})
    else:
        sign = cook.metric.sign
        soup = greedy_soup(paths, lambda state: sign * cook.score(state))
        scores = {name: sign * value for name, value in soup.scores.items()}
        soup = Soup(cook.adapted(soup.state), soup.members, scores)
    write_soup(soup, out)
    return soup


def _shared_config(paths: Sequence[str]) -> Config:
    """Return the config of the first run, where all judge by the same fold of one split."""
    if not paths:
        raise PodiumError("a soup needs checkpoints, as runs/*/best.pth, but got none")
    configs = []
    for path in paths:
        run = read_run(Path(path).parent)
        if run.record.fold is None:
            raise PodiumError(
                f"{path}: a soup is scored on the fold that its runs left out, but {run.name} was "
                "trained on all images; take runs of one fold"
            )
        configs.append(load_run_config(run))
    for path, config in zip(paths, configs, strict=True):
        for key in ("split", "fold"):
            values = [c.competition[key] for c in (configs[0], config)]
            if values[0] != values[1]:
                raise PodiumError(
                    f"the runs of a soup must share one {key}, or it would have seen its judges, "
                    f"but {paths[0]} has {values[0]} and {path} has {values[1]}"
                )
    return configs[0]


class _Cook:
    """Scores weights as the model of a config would, with statistics of their own."""

    def __init__(self, config: Config, num_batches: int) -> None:
        self.config, self.num_batches = config, num_batches
        self.metric = competition_metric(config)
        self._model: nn.Module | None = None

    def adapted(self, state: State) -> State:
        """Return weights with batch-norm statistics recomputed on training batches."""
        model = self._built()
        model.load_state_dict(state)
        batches = islice(Runner.build_dataloader(self._loader(), seed=0), self.num_batches)
        if recompute_batch_norm(model, batches) == 0:
            return state
        return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}

    def score(self, state: State) -> float:
        """Return the competition's metric on the val fold."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "soup.pth"
            torch.save({"state_dict": self.adapted(state), "meta": {}}, path)
            return float(predict(self.config, path, "val")[1][self.metric.key])

    def _loader(self) -> dict:
        config = apply_seed(self.config.copy(), 0)
        return config.train_dataloader.to_dict()

    def _built(self) -> nn.Module:
        from mmdet.registry import MODELS
        from mmengine.registry import init_default_scope

        if self._model is None:
            init_default_scope("mmdet")
            self._model = MODELS.build(copy.deepcopy(self.config.model))
        return self._model
