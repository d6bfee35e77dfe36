"""What seed and hooks cost: iterations of one config with Podium's and with plain MMDetection.

    python benchmarks/seed_cost.py --ann-file train.json [--iterations 40] [--no-clip]

Both train the same small detector on the same images, in turns, without workers, so that
loading counts in full. A larger detector only makes the share of the seed smaller.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner


def pipeline(size_wh: tuple[int, int]) -> list[dict[str, Any]]:
    """Return an ordinary pipeline, with randomness in it."""
    return [
        {"type": "LoadImageFromFile"},
        {"type": "LoadAnnotations", "with_bbox": True},
        {"type": "Resize", "scale": size_wh, "keep_ratio": True},
        {"type": "RandomFlip", "prob": 0.5},
        {"type": "PackDetInputs"},
    ]


def make_runner(args: argparse.Namespace, work_dir: Path, with_seed: bool) -> Runner:
    """Return a runner ready to train: with Podium's seed, or as MMDetection has it."""
    from custom.tables.coco import read_ground_truth
    from custom.testing.toy_config import toy_config, toy_model
    from custom.training.hooks.own import add_own_hooks
    from custom.training.seeding import apply_seed

    names = read_ground_truth(args.ann_file).categories.names
    dataset = {
        "type": "CompetitionDataset" if with_seed else "CocoDataset",
        "data_root": str(args.ann_file.parent),
        "ann_file": args.ann_file.name,
        "data_prefix": {"img": ""},
        "metainfo": {"classes": names},
        "pipeline": pipeline((args.width, args.height)),
    }
    loader = {
        "batch_size": args.batch_size,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "dataset": dataset,
    }
    changes = {"train_dataloader": loader, "model": toy_model(len(names))}
    config = Config(toy_config(args.ann_file, work_dir, **changes))
    if args.no_clip:
        config.optim_wrapper.clip_grad = None
        config.optim_wrapper.optimizer.lr = 1e-5  # a larger one diverges
    if with_seed:
        add_own_hooks(apply_seed(config, 42, resume_interval=10**9))
    runner = Runner.from_cfg(config)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    runner.call_hook("before_run")
    runner.call_hook("before_train")
    runner.call_hook("before_train_epoch")
    runner.model.train()
    return runner


def iterations(runner: Runner) -> Iterator[None]:
    """Yield after each iteration, loading included, epoch after epoch."""
    loop = runner.train_loop
    while True:
        for index, batch in enumerate(loop.dataloader):
            loop.run_iter(index, batch)
            yield


def seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of a call; others may use the machine."""
    start = time.process_time()
    call()
    return time.process_time() - start


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ann-file", type=Path, required=True)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--no-clip", action="store_true", help="do not clip the gradients")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the time of an iteration both ways, of loading a sample, and the shares."""
    import custom.detection  # noqa: F401 (registers)
    from custom.training.seeding import SampleKey, derive_seed, seed_generators, seeded

    args = parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        plain, ours = (make_runner(args, Path(folder) / str(i), bool(i)) for i in range(2))
        both = iterations(plain), iterations(ours)
        for steps in both:
            next(steps)
        pairs = [[seconds(steps.__next__) for steps in both] for _ in range(args.iterations)]
    times = [statistics.median(pair[i] for pair in pairs) for i in range(2)]
    share = statistics.median((b - a) / a for a, b in pairs)
    print(f"iteration of {args.batch_size}, plain MMDetection: {1e3 * times[0]:8.1f} ms")
    print(f"iteration of {args.batch_size}, Podium's seed:     {1e3 * times[1]:8.1f} ms")
    print(f"median difference of pairs:        {100 * share:+8.2f} %")

    def samples() -> None:
        for index in range(1000):
            with seeded(derive_seed(SampleKey(index, 42, 1).sample_seed, 0)):
                pass

    def steps_seeded() -> None:
        for index in range(1000):
            seed_generators(derive_seed(42, "iteration", index, 0))

    per_sample, per_step = seconds(samples) / 1000, seconds(steps_seeded) / 1000
    cost = args.batch_size * per_sample + per_step
    print(f"seeding alone: {1e6 * per_sample:.0f} us a sample, {1e6 * per_step:.0f} us a step,")
    print(f"together {1e3 * cost:.2f} ms, {100 * cost / times[0]:.2f} % of a plain iteration")


if __name__ == "__main__":
    main()
