"""`vton-hf evaluation`: a frozen test set, and predictions held against it."""

import json
from argparse import Namespace
from collections import Counter
from dataclasses import asdict

from vton_hf._core.units import number
from vton_hf.cli.load_options import load_options
from vton_hf.cli.running import FoundError
from vton_hf.evaluating import Evaluation, evaluation


def make(args: Namespace) -> None:
    """Freeze a test set."""
    options = load_options(args)
    made = evaluation(args.directory, options.pop("s3_prefixes"), split=args.split, num_proc=args.num_proc, **options)
    for line in made.skipped:
        print(f"left out\t{line}")
    print(made)
    print(f"Predictions of paired garments: a picture NAME.png for each line of {made.directory}/test_pairs_paired.txt")
    print(f"Score them: vton-hf evaluation score {made.directory} PREDICTIONS")


def check(args: Namespace) -> None:
    """Say what is wrong with predictions; the exit code is 1 if anything is."""
    frozen = Evaluation(args.directory)
    problems = frozen.check(args.predictions, pairs=args.pairs)
    if args.json:
        found = {"protocol": frozen.digest, "pairs": args.pairs, "problems": [asdict(problem) for problem in problems]}
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(map(str, problems)) or "Nothing is wrong with them.")
        counts = Counter(problem.kind for problem in problems)
        by_kind = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        print(
            f"\n{args.pairs}, protocol {frozen.digest}: {number(len(problems), 'problem')}{by_kind and f' ({by_kind})'}"
        )
    if problems:
        raise FoundError


def score(args: Namespace) -> None:
    """Score predictions."""
    scores = Evaluation(args.directory).score(args.predictions, pairs=args.pairs)
    print(json.dumps(scores.facts(), indent=2) if args.json else scores)
