"""Kill trainings and resume them: do they end with the bytes of the uninterrupted ones?

    python -m benchmarks.kills [--kills 200] [--seed 0] [--settings two-workers everything]
    python -m benchmarks.kills --light [--command ensemble submit ...] [--step 1]

The toy detector is trained in each setting of `custom.testing.killed_settings`, through all of
`tools/train.py`. SIGKILL comes before each fsync and before and after each rename of one, the
settings in turn, and at random times, every third of those twice in one training. What is compared:
`best.pth` and `val.json` by their bytes, all tensors of `last.pth`, the scores and the checkpoint's
hash in `run.json`.

With `--light` the commands that need no torch are killed instead, before each rename, fsync,
removal and new folder (`custom.testing.bad_days.kills`): every file must be as before or as after,
those that go together of one state, the next run must work, and nothing hidden may stay.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from random import Random

from custom.files import read_json
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.kills import kill_everywhere
from custom.testing.bad_days.stage import COMMANDS, make_stage
from custom.testing.killed_settings import SETTINGS, make_setting
from custom.testing.killed_trainings import COUNTS, Kill, differences, run_until_done
from custom.testing.toy_competition import make_toy_competition

_NUM_IMAGES = 16


@dataclass
class Campaign:
    """The uninterrupted trainings, and what came of the killed ones."""

    folder: Path
    settings: Sequence[str]
    configs: dict[str, Path] = field(default_factory=dict)
    events: dict[str, dict[str, float]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)

    def train_uninterrupted(self) -> None:
        """Train each setting once, and count its renames, its fsyncs and its seconds."""
        data = make_toy_competition(self.folder / "data", _NUM_IMAGES)
        for name in self.settings:
            self.configs[name] = make_setting(name, data, self.folder / f"{name}.py")
            run_until_done(self.configs[name], self.folder / name)
            self.events[name] = read_json(self.folder / f"{name}.{COUNTS}")
            print(f"{name}: {self.events[name]}", flush=True)

    def kill(self, name: str, kills: Sequence[Kill]) -> None:
        """Kill a training, resume it to its end, and compare."""
        killed = self.folder / "killed"
        shutil.rmtree(killed, ignore_errors=True)
        killed.with_name("killed.log").unlink(missing_ok=True)
        try:
            outcome = run_until_done(self.configs[name], killed, kills)
            found = differences(self.folder / name, killed)
        except (AssertionError, OSError) as error:
            self.counts.update(kills=len(kills), failed=1)
            self.different.append(f"{name}, {list(kills)}: {error}")
            return
        resumes = len(outcome.codes) - 1
        self.counts.update(kills=outcome.num_kills, resumes=resumes, trainings=1)
        self.counts.update(
            {kills[0].event: outcome.num_kills, "different" if found else "equal": 1}
        )
        if found:
            self.different.append(f"{name}, {list(kills)}: {len(found)} differ, as {found[:3]}")


def at_each_write(campaign: Campaign) -> Iterator[tuple[str, list[Kill]]]:
    """Yield a kill before each fsync, and before and after each rename, the settings in turn."""
    most = max(int(events["replace"]) for events in campaign.events.values())
    moments = (("fsync", False), ("replace", False), ("replace", True))
    places = [(event, n, after) for n in range(1, most + 1) for event, after in moments]
    for name, (event, number, after) in zip(cycle(campaign.settings), places, strict=False):
        # Modulo: what a shorter training lacks is a place of it that another one has had.
        yield name, [Kill(event, 1 + (number - 1) % campaign.events[name][event], after)]


def at_random_times(campaign: Campaign, rng: Random) -> Iterator[tuple[str, list[Kill]]]:
    """Yield kills at random times, the settings in turn, every third time two in one training."""
    for number, name in enumerate(cycle(campaign.settings)):
        seconds = campaign.events[name]["seconds"]
        yield name, [Kill("seconds", rng.uniform(0.0, seconds)) for _ in range(1 + number % 3 // 2)]


def in_turn(
    writes: Iterator[tuple[str, list[Kill]]], times: Iterator[tuple[str, list[Kill]]]
) -> Iterator[tuple[str, list[Kill]]]:
    """Yield four of the writes, then one of the times, and so on; at last the times alone."""
    while some := list(islice(writes, 4)):
        yield from some
        yield next(times)
    yield from times


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the random times")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--light", action="store_true", help="the commands that need no torch")
    parser.add_argument("--command", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--step", type=int, default=1, help="with --light: every so many calls")
    return parser.parse_args(argv)


def kill_light(names: Sequence[str], step: int) -> int:
    """Kill commands everywhere, print what is wrong, and return 1 if there is anything."""
    kills, wrong = Counter[str](), []
    with tempfile.TemporaryDirectory(prefix="podium-kills-") as folder:
        copy = StageCopy(make_stage(Path(folder) / "stage"), Path(folder) / "case")
        for name in names:
            kills[name], found = kill_everywhere(name, copy, step)
            print(
                "\n".join([f"{name}: {kills[name]} kills, {len(found)} wrong", *found]), flush=True
            )
            wrong += found
    print(f"{kills.total()} kills of {len(names)} commands, {len(wrong)} wrong")
    return int(bool(wrong))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the counts; return 1 if something ended otherwise than it should."""
    args = parse_args(argv)
    if args.light:
        return kill_light(args.command, args.step)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="podium-kills-") as folder:
        campaign = Campaign(Path(folder), args.settings)
        campaign.train_uninterrupted()
        rng = Random(args.seed)
        attempts = in_turn(at_each_write(campaign), at_random_times(campaign, rng))
        while campaign.counts["kills"] < args.kills:
            campaign.kill(*next(attempts))
            print(f"{dict(campaign.counts)} after {time.monotonic() - started:.0f} s", flush=True)
    for line in campaign.different:
        print(line)
    print(f"{dict(campaign.counts)} in {time.monotonic() - started:.0f} s")
    return int(bool(campaign.different))


if __name__ == "__main__":
    sys.exit(main())
