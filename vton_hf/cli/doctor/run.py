"""`vton-hf doctor`: looks, and prints a line for each thing as soon as it is known."""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import datasets

from vton_hf.cli.doctor.check import Check, Mark
from vton_hf.cli.doctor.disk import disk
from vton_hf.cli.doctor.hub import ask_hub
from vton_hf.cli.doctor.machine import machine
from vton_hf.cli.doctor.store import OF_THE_STORE, not_looked_at, other_checks, s3_checks, subject_of
from vton_hf.cli.doctor.triplets import Found
from vton_hf.cli.load_options import storage_options
from vton_hf.cli.running import FoundError
from vton_hf.cli.wording import in_its_words
from vton_hf.errors import redacted
from vton_hf.storage import Look, Probe, is_offline, no_color, resolve_prefix, settings_for

_Section: TypeAlias = tuple[str, Iterable[Check]]


def doctor(args: Namespace) -> None:
    """Look at everything; the exit code is 1 if something is red."""
    prefixes = _prefixes(args)
    colour = sys.stdout.isatty() and not no_color() and not args.json
    checks: list[tuple[str, Check]] = []
    for number, (title, found) in enumerate(_sections(args, prefixes)):
        if not args.json:
            print(f"{'' if number == 0 else chr(10)}{redacted(title)}")
        for raw in found:
            check = _worded(raw, args)
            checks.append((redacted(title), check))
            if not args.json:
                print(check.text(colour=colour), flush=True)
    counts = Counter(check.mark for _, check in checks)
    if args.json:
        print(json.dumps(_facts(checks), indent=2))
    else:
        print(f"\n{_summary(counts)}")
    if counts[Mark.FAIL]:
        raise FoundError


def _prefixes(args: Namespace) -> list[str]:
    """Those that were given, else the default bucket, if there is one; resolved."""
    settings = settings_for(storage_options(args))
    given = [*(args.prefixes or ()), *(args.s3_prefix or ())]
    default = [f"s3://{settings.bucket}/"] if settings.bucket else []
    return list(dict.fromkeys(resolve_prefix(prefix, settings) for prefix in given or default))


def _sections(args: Namespace, prefixes: Sequence[str]) -> Iterator[_Section]:
    hub = ask_hub()
    yield "this machine", machine()
    looks: list[Look] = []
    sizes: dict[str, int] = {}
    if is_offline() and prefixes:
        why = "HF_DATASETS_OFFLINE is set: no store may be asked"
        yield "triplets", [Check(Mark.WARN, "stores", why, "Unset it to look at them, to build and to stream.")]
    elif prefixes:
        probe = Probe(storage_options(args))
        for uri in prefixes:
            yield uri, _prefix(uri, probe, looks, sizes)
    else:
        why = "not looked at, because no PREFIX was given and S3_BUCKET_NAME is not set"
        yield "triplets", [Check(Mark.SKIP, "stores", why, "vton-hf doctor s3://BUCKET/dataset_ultimate/")]
    cache_dir = Path(args.cache_dir or datasets.config.HF_DATASETS_CACHE)
    # The looks are over when this is drawn.
    at_least = any(look.cut or look.trouble for look in looks)
    yield "cache and Hub", [disk(cache_dir, sum(sizes.values()) if sizes else None, at_least=at_least), hub()]


def _prefix(uri: str, probe: Probe, looks: list[Look], sizes: dict[str, int]) -> Iterator[Check]:
    """Look at one prefix, and add to what is known."""
    remote = uri.startswith("s3://")
    earlier = [look for look in looks if look.uri.startswith("s3://")] if remote else []
    if earlier and subject_of(earlier[0].trouble) in OF_THE_STORE:
        yield not_looked_at(earlier[0], ["bucket", "listing", "reading", "naming"])
        return
    look = probe.look(uri)
    looks.append(look)
    yield from s3_checks(look, first=not earlier) if remote else other_checks(look)
    if look.trouble is None:
        found = Found.of(look, probe)
        sizes |= found.sizes()
        yield from found.checks(probe)


def _worded(check: Check, args: Namespace) -> Check:
    """In the words of the command line, in one line each, and without what signs an address."""
    found, step = (redacted(in_its_words(" ".join(text.split()), args)) for text in (check.found, check.next_step))
    return Check(check.mark, check.subject, found, step)


def _facts(checks: Sequence[tuple[str, Check]]) -> dict[str, object]:
    return {
        "ok": all(check.mark != Mark.FAIL for _, check in checks),
        "checks": [
            {
                "of": title,
                "mark": check.mark.value,
                "subject": check.subject,
                "found": check.found,
                "next_step": check.next_step or None,
            }
            for title, check in checks
        ],
    }


def _summary(counts: Counter[Mark]) -> str:
    if counts[Mark.FAIL]:
        return f"{counts[Mark.FAIL]} FAIL, {counts[Mark.WARN]} warn: begin with the first FAIL."
    return f"Nothing stands in the way{f', {counts[Mark.WARN]} warn' if counts[Mark.WARN] else ''}."
