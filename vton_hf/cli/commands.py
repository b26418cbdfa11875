"""The commands that look at a bucket and build from it."""

import json
from argparse import Namespace

from vton_hf.builder import VTON
from vton_hf.cli import together
from vton_hf.cli.layouts import write_layout
from vton_hf.cli.load_options import HOW, load_options
from vton_hf.cli.wording import in_its_words
from vton_hf.errors import BuildError, redacted
from vton_hf.report import tables
from vton_hf.triplets import mending


def scan(args: Namespace) -> None:
    """Count the triplets, and the keys that belong to none."""
    # Every config sees the same bucket; the recipe plays no part in a scan.
    triplets = _builder("hard", args).find(quiet=True)
    manifest, audit = triplets.manifest, triplets.audit
    if args.json:
        print(json.dumps(tables.scan_facts(manifest, audit), indent=2))
        return
    if args.layout_out:
        layout = None if args.layout == "auto" else args.layout
        write_layout(args.layout_out, audit, layout)
    print(tables.bucket_table(manifest))
    print()
    print(tables.audit_table(audit))
    print(f"\n{in_its_words(tables.layouts_text(manifest, audit), args)}")
    if args.list:
        print()
        for reason in audit.counts():
            for row in audit.of(reason):
                print("\t".join(filter(None, (reason, row["uri"], row["detail"]))))
        return
    for message in audit.messages():
        print(f"\n{in_its_words(message, args)}")
    if ways := mending(audit):
        print("\n" + "\n".join(ways))
    if audit.table.num_rows:
        print("\n--list lists every key.")
    print("\n`vton-hf validate` opens the images and says what is wrong with them.")


def build(args: Namespace) -> None:
    """Build a mix into the cache."""
    if args.status or args.shard or args.json or (args.engine and args.shared_cache):
        together.build(args)
        return
    builder = _builder(args.config, args)
    fetches = args.retry_skipped or _has_to_fetch(builder)
    builder.download_and_prepare(num_proc=args.num_proc)
    mix_by = builder.config.mix_by
    for place, (split, dataset) in enumerate(builder.as_dataset().items()):
        rows = dataset.select_columns([mix_by, "gender", "key"]).with_format(None)
        shares = tables.mix_table(rows[:], builder.config.weights, mix_by=mix_by)
        of = f", {split}" if len(builder.context.parts.names) > 1 else ""
        print("\n" * bool(place) + f"{args.config}{of}: {len(rows):,} rows\n\n{shares}")
    if skipped := builder.prepared.skipped:
        print()
    for item in skipped:
        print(f"left out\t{item.key}\t{item.uri}\t{item.reason}")
    print(f"\nCache: {builder.context.cache.root.parent}{'' if fetches else ' (nothing was fetched, all was there)'}")
    print(f"In Python, after `import vton_hf` and `from datasets import load_dataset`:\n{_call(args)}")


def _call(args: Namespace) -> str:
    """The line of Python that loads what was asked for."""
    options = {name: value for name, value in load_options(args).items() if value != {} and name not in HOW}
    options = {"s3_prefixes": options.pop("s3_prefixes")} | options
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    call = f"load_dataset('vton_hf', {args.config!r}, split='train', {given})"
    # As people write it, unless a text holds one of the two.
    return redacted(call if '"' in call else call.replace("'", '"'))


def _has_to_fetch(builder: VTON) -> bool:
    if not builder.config.embed_images or builder.missing_chunks():
        return True
    try:
        return any(item.passing for item in builder.prepared.skipped)
    except BuildError:  # built for another mix
        return False


def _builder(config: str, args: Namespace) -> VTON:
    return VTON(config_name=config, **load_options(args))
