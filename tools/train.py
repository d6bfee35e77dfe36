"""Train one detector on a sealed fold, and leave a run that can be gated, fused and replayed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from custom.errors import run_tool
from custom.image_folders import add_image_options, images_given

if TYPE_CHECKING:
    from custom.runs import RunRecord


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="a config, as configs/trash/universenet101.py")
    parser.add_argument(
        "--seed", type=int, help="the only source of randomness (randomness.seed, or 42)"
    )
    parser.add_argument(
        "--fold", metavar="FOLD", help="the fold to validate on, or all: train on every image"
    )
    parser.add_argument("--data-root", help="folder of the data set")
    add_image_options(parser, ("train", "val", "test"))
    parser.add_argument("--split", help="folder of the sealed split")
    parser.add_argument("--work-dir", help="the run's folder (work_dir, or runs/<config>)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument(
        "--accept-changes", action="store_true", help="resume with a changed schedule or pipeline"
    )
    parser.add_argument("--amp", action="store_true", help="mixed precision")
    parser.add_argument(
        "--load-from", "--init", metavar="FILE", help="start from a detector's weights"
    )
    parser.add_argument(
        "--trust-checkpoint", action="append", default=[], metavar="SHA256",
        help="unpickle the file with this digest, which may run code from it",
    )  # fmt: skip
    parser.add_argument("--no-pretrained", action="store_true", help="start from scratch")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    parser.add_argument(
        "--gate", nargs="+", metavar="RUN", help="compare with this baseline at the end"
    )
    parser.add_argument("--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and print what the run scores on its fold; with --gate, return its verdict's code."""
    args = parse_args(argv)
    from custom.training.configuration import RunOptions, load_config, parse_overrides
    from custom.training.train import train
    from custom.training.visualization import tracked
    from custom.training.weights import trust_checkpoints

    trust_checkpoints(args.trust_checkpoint)
    options = RunOptions(
        seed=args.seed,
        fold=args.fold,
        data_root=args.data_root,
        images=images_given(args),
        split=args.split,
        work_dir=args.work_dir,
        load_from=args.load_from,
        pretrained=not args.no_pretrained,
        amp=args.amp,
        launcher=args.launcher,
        accept_changes=args.accept_changes,
        overrides=parse_overrides(args.cfg_options),
    )
    config = load_config(args.config, options)
    if args.gate:
        check_gate(args.gate, config.competition.fold)
    with tracked(config):
        record = train(config, args.config, resume=args.resume)
        print("\n".join(closing_lines(record)))
        print(f"written to {Path(config.work_dir)}")
        return gate_run(config.work_dir, args.gate) if args.gate else 0


def check_gate(baseline: Sequence[str], fold: int | None) -> None:
    """Refuse before the training what could not be gated after it."""
    from custom.errors import PodiumError
    from custom.runs import find_runs

    find_runs(baseline)
    if fold is None:
        raise PodiumError("--gate needs a fold that evaluates the run; --fold all leaves none")


def closing_lines(record: RunRecord) -> list[str]:
    """Return what a run scores on its fold: by the competition's metric, and COCO's beside it.

    Of a run on all folds, what is known of its siblings.
    """
    from custom.evaluation.metrics import DEFAULT_METRIC, metric_of

    if record.fold is None:
        from custom.training.all_folds import described

        return described(record)
    metric = metric_of(record.metric)
    lines = [f"{record.name}: val {metric.title} {record.value():.4f}"]
    if thresholds := set(record.thresholds.values()):
        lines[0] += f" at a score threshold of {min(thresholds):g}"
    lines += [f"  {name}: {value:.4f}" for name, value in record.per_class().items()]
    others = [name for name in (DEFAULT_METRIC, "AP") if name != metric.name]
    beside = [f"{metric_of(name).title} {record.value(name):.4f}" for name in others]
    return [*lines, f"  beside it: {', '.join(beside)}"]


def gate_run(run: str, baseline: Sequence[str]) -> int:
    """Gate a finished run against its baseline, print the verdict, return its exit code."""
    from custom.gate.report import format_verdict
    from custom.gate.runs import gate_runs

    verdict = gate_runs([run], baseline)
    print(format_verdict(verdict))
    return verdict.exit_code


if __name__ == "__main__":
    run_tool(main)
