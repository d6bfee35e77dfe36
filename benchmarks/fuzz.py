"""Damage the inputs of every command that needs no torch: does it end as it should?

    python -m benchmarks.fuzz [--minutes 60] [--seed 0] [--command ensemble submit ...]
    python -m benchmarks.fuzz --seed 0 --case 123 --command ...    # one case again

A case copies a small competition, damages what a command reads (values, keys and order of JSON,
cells of CSV, bytes, encodings, records edited by hand), renames it, or changes the arguments, and
runs the command. Reported is each traceback, hang and undocumented exit code; each message that is
missing, too long or has control characters in it; each input that was changed, file written
although the command refused, temporary file left behind; and each change in silence: a file whose
boxes, read by a second reader, are not those that the command took. Each finding is printed once,
with the fewest damages that give it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from custom.testing.bad_days.campaign import fuzz, fuzz_worker
from custom.testing.bad_days.cases import case_of, described
from custom.testing.bad_days.stage import COMMANDS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="another seed, other cases")
    parser.add_argument("--command", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--case", type=int, metavar="NUMBER", help="run one case again")
    parser.add_argument("--kept", type=int, nargs="+", help="with --case: some of its damages")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what was found; return 1 if there is something."""
    args = parse_args(argv)
    if args.case is not None:
        return run_again(args)
    campaign = fuzz(args.seed, args.command, 60 * args.minutes, print_now)
    print(f"{campaign.num_cases} cases, {sum(campaign.counts.values())} findings:")
    for kind, number in campaign.counts.most_common():
        print(f"{number:6} {kind}")
    return int(bool(campaign.counts))


def print_now(text: str) -> None:
    """Print a finding when it is found."""
    print(text, flush=True)


def run_again(args: argparse.Namespace) -> int:
    """Run one case and print what it finds."""
    case = case_of(args.seed, args.case, tuple(args.command))
    case = case.with_only(tuple(args.kept)) if args.kept else case
    with fuzz_worker() as worker:
        found = worker.run(case)
    for finding in found:
        print(described(finding, case))
    print(f"{len(found)} findings in case {args.case}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
