"""Go the whole way on generated data: split, train two detectors, predict, fuse, submit."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    return argparse.ArgumentParser(description=__doc__).parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and print its closing table."""
    parse_args(argv)
    from custom.demo import TITLE, Demo, Plan

    started = time.monotonic()
    plan = Plan()
    rows = Demo(plan, lambda line: print(line, flush=True)).run()
    print(f"\n{'':20}  val {TITLE}  test {TITLE}")
    for row in rows:
        print(f"{row.name:20}  {row.val:9.4f}  {row.test:10.4f}")
    print(f"{'in a browser':20}  {plan.report}")
    print("\nwritten:")
    for path in plan.written:
        print(f"  {path}")
    print(f"in {(time.monotonic() - started) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    run_tool(main)
