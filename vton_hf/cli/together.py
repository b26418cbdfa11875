"""`vton-hf build` of several processes: a share, a cluster's work, and how far all of them are."""

import json
from argparse import Namespace
from dataclasses import asdict

from vton_hf._core.units import amount, duration
from vton_hf.builder import build as build_chunks
from vton_hf.builder import build_status
from vton_hf.cache import BuildStatus
from vton_hf.cli.load_options import load_options


def build(args: Namespace) -> None:
    """Build, or only say how far the build is."""
    options = load_options(args)
    if args.status:
        status = build_status(args.config, **options)
    else:
        status = build_chunks(args.config, num_proc=args.num_proc, **options)
    if args.json:
        print(json.dumps(asdict(status) | {"left": status.left, "seconds_left": status.seconds_left}, indent=2))
        return
    if args.shard and not args.status:
        print(f"{args.config}: share {args.shard[0]} of {args.shard[1]} is done. All shares together:\n")
    print(text(status))


def text(status: BuildStatus) -> str:
    """For people."""
    machines = ", ".join(f"{host} ({count:,})" for host, count in sorted(status.under_way.items()))
    lines = [
        f"chunks     {status.chunks:,}, {amount(status.bytes)} in the bucket",
        f"done       {status.done:,}, {amount(status.bytes_done)}",
        f"under way  {sum(status.under_way.values()):,}{f' on {machines}' if machines else ''}",
        f"failed     {len(status.failed):,}",
        f"left       {status.left:,}",
    ]
    if status.seconds_left is not None:
        lines.append(
            f"rate       {amount(status.rate)}/s over all machines: about {duration(status.seconds_left)} left"
        )
    lines += [f"\nfailed\t{name}\t{error}" for name, error in status.failed.items()]
    return "\n".join(lines)
