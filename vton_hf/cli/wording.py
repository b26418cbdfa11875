"""The package's messages in the words of the command line: `--image-size 512x384`, not `image_size=(512, 384)`."""

import re
from argparse import Namespace
from typing import Final

from vton_hf.storage import ANONYMOUSLY

_NAMES: Final = {"difficulty_weights": "--weights", "s3_prefixes": "PREFIX", "repo_id": "REPO", "directory": "DIR"}
"""Options of Python that are spelt otherwise than with hyphens."""

_NO_OPTIONS: Final = {"command", "config", "prefixes", "s3_prefix"}

_PHRASES: Final = {
    re.escape(ANONYMOUSLY): "add --anonymous",
    r"access_key= and secret_key=, (?=AWS_)": "",
    r" or (secret_key|session_token)=": "",
    r", call vton_hf\.configure\(bucket=\.\.\.\), pass s3_bucket= to a torch dataset,": ",",
    r'storage_options=\{"endpoint_url": "([^"]*)"\}': r"--endpoint-url \1",
    r"private=False \(--public on the command line\)": "--public",
    r"`vton-hf build --retry-skipped` \(or retry_skipped=True\)": "the same command with --retry-skipped",
    r"needs embed_images=True": "does not go with --no-embed-images",
    r"embed_images=False": "--no-embed-images",
    r"\w+=(?:True)? \((--[a-z-]+)\)": r"\1",
    r"exclude=\[[^]]*\]": "--exclude FILE",
    r"where=\{'([^']*)': \[?'([^']*)'\]?\}": r"--where \1=\2",
    r"entities=r(?=')": "--entities ",
    r"vton_hf\.split\(\.\.\.\)\.save\(\.\.\.\) or ": "",
    r"Pass a list of keys, or a text file": "Write a text file",
    r"(?<=must be )\{difficulty: weight\}(?= of)": "like easy=1,hard=3,",
}
"""What the command line says in another way, as patterns."""


def in_its_words(text: str, args: Namespace) -> str:
    """Name options as they are written on the command line.

    Args:
        text: A message of the package.
        args: What was asked for; its names are those of the command's options.

    >>> in_its_words("aspect='pad' needs a size. Add image_size=(1024, 768).", Namespace(image_size=None, aspect="pad"))
    "--aspect 'pad' needs a size. Add --image-size 1024x768."
    """
    for pattern, ours in _PHRASES.items():
        text = re.sub(pattern, ours, text)
    text = re.sub(r"\b(splits|epoch_size|entities)=\{([^{}]*)\}", _by_name, text)
    names = {name: f"--{name.replace('_', '-')}" for name in vars(args) if name not in _NO_OPTIONS} | _NAMES
    # A word with an underscore is an option wherever it stands; others only before "=" and "must be".
    one = "|".join(sorted(names, key=len, reverse=True))
    several = "|".join(name for name in names if "_" in name)
    written = rf"(?<![\w/.&?'\"=-])(?:({one})(?:=True\b|(=)(?=[^\s,.;:)])|=|(?= must be ))|({several})(?![\w/=:'\"(]))"
    text = re.sub(written, lambda it: names[it[1] or it[3]] + (" " if it[2] else ""), text)
    if re.search(r"--(image-)?size\b", text):
        text = re.sub(r"\((\d+), (\d+)\)", r"\1x\2", text).replace("(height, width)", "HxW")
    if "--shard" in text:
        text = re.sub(r"\((\w), (\w)\)", r"\1/\2", text)
    return re.sub(r"(--[\w-]+ must be )None(?: for all)?(?:,| or) |, or None(?=, got)", r"\1", text)


def _by_name(found: re.Match[str]) -> str:
    """`splits={'test': 0.1}` as `--splits test=0.1`."""
    values = re.sub(r"'(\w+)': ", r"\1=", found[2]).replace(", ", ",").replace("'", "")
    return f"--{found[1].replace('_', '-')} {values}"
