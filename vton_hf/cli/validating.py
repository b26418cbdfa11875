"""`vton-hf validate`: what is wrong with the data."""

import json
from argparse import Namespace
from pathlib import Path

from vton_hf._core.units import number
from vton_hf.builder import validate as _validate
from vton_hf.cli.load_options import load_options
from vton_hf.cli.running import FoundError
from vton_hf.cli.wording import in_its_words
from vton_hf.report import Validation, validation_table
from vton_hf.triplets import lost_triplets, mending


def validate(args: Namespace) -> None:
    """Find what is wrong with triplets, and say it; the exit code is 1 if `--fail-on` says so."""
    options = load_options(args)
    found = _validate(
        options.pop("s3_prefixes"),
        sample=args.sample,
        checks=args.checks,
        thresholds=dict(args.threshold or ()),
        num_proc=args.num_proc,
        **options,
    )
    if args.exclude_out:
        count = found.write_exclude(Path(args.exclude_out))
    if args.html:
        found.to_html(args.html)
    if args.json:
        print(json.dumps(found.facts(), indent=2))
    elif args.list:
        print(validation_table(found, everything=True))
    else:
        print(in_its_words(_summary(found), args))
        if args.html:
            print(f"\n{args.html} shows them: open it in a browser.")
        if args.exclude_out:
            print(f"\n{args.exclude_out} holds {count:,} triplets to leave out: --exclude {args.exclude_out}")
    if args.fail_on and found.fails(args.fail_on):
        raise FoundError


def _summary(found: Validation) -> str:
    severities = found.by_severity()
    parts = [f"{found.triplets:,} triplets, {found.images:,} images looked at"]
    if found.sampled:
        parts[0] += f", a sample of {found.total:,}"
        most = 3 / max(found.triplets, 1)
        parts.append(
            f"What the sample does not show is in fewer than {most:.2%} of all triplets (95 times in 100); duplicates "
            f"are found only where both lie in the sample."
        )
    lines = ["\n".join(parts), validation_table(found)]
    lines += [f"Not checked: {check} ({reason})." for check, reason in found.not_checked.items()]
    bad, lost = len(found.exclude_list()), sum(lost_triplets(found.evidence.audit).values())
    if lost:
        ways = mending(found.evidence.audit) or ["`vton-hf scan --list` names their keys."]
        lines.append(
            "\n".join([f"{number(lost, 'triplet')} more cannot be used: keys are missing or misnamed.", *ways])
        )
    lines.append(
        f"{severities['error']:,} errors, {severities['warning']:,} warnings, {severities['note']:,} notes: "
        f"{bad:,} triplets to look at or to leave out. --list lists every finding, --html FILE shows them as a page, "
        f"--exclude-out FILE writes the keys."
    )
    return "\n\n".join(lines)
