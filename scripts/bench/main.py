"""Compares vton-hf with what people would use instead, in turns on this machine, and writes a table and two plots."""

import argparse
import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from environment import HERE, HOME, Environment
from machine import facts
from rows import ROWS
from runner import run_row
from table import as_markdown, as_text

FULL, QUICK = 16, 8  # triplets for each difficulty and gender: whole batches, and as many for each of two workers
GROUPS = tuple(dict.fromkeys(row.group for row in ROWS))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench/run", description=__doc__, epilog="A full run takes half an hour."
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="for a laptop: fewer images, one round, without the slowest; 10 minutes")
    add("--only", nargs="+", choices=GROUPS, default=GROUPS, metavar="ROW", help=f"some of {', '.join(GROUPS)}")
    add(
        "--latency",
        type=float,
        default=0.02,
        metavar="SECONDS",
        help="of the S3 stand-in, to a first byte (%(default)s)",
    )
    add("--rounds", type=int, metavar="N", help="turns of each candidate (3, or 1 if quick)")
    add(
        "--out",
        type=Path,
        default=HOME / "out",
        metavar="DIR",
        help="for results.json, results.md, two .png (.bench/out)",
    )
    return parser.parse_args()


def main() -> None:
    """Measure, save, draw, print."""
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended"))
    args.out.mkdir(parents=True, exist_ok=True)
    rounds = args.rounds or (1 if args.quick else 3)
    count = QUICK if args.quick else FULL
    results = {"machine": facts(), "latency": args.latency, "rounds": rounds, "quick": args.quick, "rows": []}
    try:
        with ExitStack() as stack:
            environment = Environment(count, args.latency, stack)
            results["triplets"] = environment.triplets
            for row in ROWS:
                if row.group in args.only:
                    results["rows"].append(_measured(row, rounds, environment, quick=args.quick))
                    save(results, args.out)
    except KeyboardInterrupt:
        sys.exit("Stopped")
    subprocess.run([sys.executable, HERE / "plots.py", args.out], check=True)  # noqa: S603 - our own script
    print(f"\n{as_text(results)}\n\nSaved in {args.out}")


def save(results: dict[str, Any], out: Path) -> None:
    """Write what there is so far."""
    (out / "results.json").write_text(json.dumps(results, indent=1))
    (out / "results.md").write_text(as_markdown(results))


def _measured(row: Any, rounds: int, environment: Environment, *, quick: bool) -> dict[str, Any]:
    print(f"{row.name}: {row.title}", flush=True)
    start = time.perf_counter()
    done = run_row(row, rounds, quick=quick, measure=environment.measure)
    print(f"  took {time.perf_counter() - start:.0f} s", flush=True)
    return done


if __name__ == "__main__":
    main()
