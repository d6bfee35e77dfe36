"""Smooth a run's scores over the frames of videos, and gate the new run against the old.

Boxes of one class are one object where they overlap enough; its score becomes the median of those
in the frames around. Exit code: the gate's (0 accept, 1 reject, 3 inconclusive), 2 bad input.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="the run's folder; its images must say video_id and time")
    window = parser.add_mutually_exclusive_group()
    window.add_argument("--seconds", type=float, help="how far to look (.5, if times are known)")
    window.add_argument("--frames", type=float, help="the same in frames (10, if they are not)")
    parser.add_argument("--iou", type=float, default=0.7, help="of one object (%(default)s)")
    parser.add_argument("--most", type=int, default=7, help="scores joined (%(default)s)")
    parser.add_argument(
        "--how", default="median", help="median, gaussian or majority (%(default)s)"
    )
    parser.add_argument("--past-only", action="store_true", help="as a stream would see it")
    parser.add_argument("--out", metavar="NAME", help="the new run's name (RUN_smooth)")
    parser.add_argument("--overwrite", action="store_true", help="replace a run that was made so")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Smooth, write, and print both runs side by side with the verdict."""
    args = parse_args(argv)
    from custom.gate.report import format_verdict
    from custom.smoothing.command import Request, smooth_run

    options = {"iou_thr": args.iou, "most": args.most, "method": args.how}
    options["past_only"] = args.past_only
    for unit in ("seconds", "frames"):
        if (reach := getattr(args, unit)) is not None:
            options |= {"reach": reach, "unit": unit}
    result = smooth_run(Request(args.run, args.out, options, args.overwrite))
    print(f"{result.run.folder}: {result.settings}\n")
    print("\n".join(result.compared.lines()))
    print(f"\n{format_verdict(result.verdict)}")
    return result.verdict.exit_code


if __name__ == "__main__":
    run_tool(main)
