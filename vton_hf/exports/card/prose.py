"""What our sections say."""

import json
import re
from collections.abc import Mapping
from importlib import resources
from string import Template
from typing import Any, Final
from urllib.parse import quote

from vton_hf._core.units import amount
from vton_hf.exports.card.contents import Contents, Split, hardest
from vton_hf.exports.card.metadata import columns, config_entries, default_config
from vton_hf.exports.card.quoting import code, printable, shown, words
from vton_hf.naming import ROLES

_HUB: Final = re.compile(r"(?:hf://datasets/)?([\w-][\w.-]*/[\w.-]+)")
_COLUMN: Final = re.compile(r"\| `(\w+)` \| `(?:Image|string)` \|")
_TAR: Final = ".tar"
_ON_THE_HUB: Final = (
    'While the repository is private, log in once with `hf auth login`, set `HF_TOKEN`, or pass `token="hf_..."`.'
)
_DIFFUSERS: Final = ({"input_image", "edit_prompt", "edited_image"}, {"image", "conditioning_image", "text"})
"""The columns that diffusers' training scripts look for."""

_IN_A_STORE: Final = "Credentials for the store come from the environment, or from `storage_options=`."


def title(destination: str) -> str:
    """The last component of a place."""
    return words(_last(destination)) or "Virtual try-on triplets"


def about(header: Mapping[str, Any]) -> str:
    """What a row is and what the configs mix; of the columns, those that our configs in this header have."""
    there, lines = columns(header), _text("about.md").splitlines()
    described = {column[1]: index for index, line in enumerate(lines) if (column := _COLUMN.match(line))}
    absent = {index for name, index in described.items() if name not in there}
    others = [f"| {code(name)} | {code(kind)} | |" for name, kind in there.items() if name not in described]
    end = max(described.values()) + 1
    return "\n".join([*(line for index, line in enumerate(lines[:end]) if index not in absent), *others, *lines[end:]])


def config(contents: Contents) -> str:
    """What one config holds, what it was made with, and what was left out."""
    parts = [f"## {contents.name}", _size(contents.splits)]
    if contents.sheet is not None:
        parts.append(f"![Triplets of {contents.name}]({quote(contents.sheet)})")
    parts += [contents.composition.strip(), contents.splitting.strip()]
    sources = dict.fromkeys(code(shown(source)) for source in contents.sources)
    rows = [("sources", "<br>".join(sources))] if sources else []
    rows += [(words(key), code(shown(value))) for key, value in contents.recipe.items()]
    if rows:
        parts.append("\n".join(["| made with | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows)]))
    reasons = [f"{words(reason)} ({count:,})" for reason, count in contents.left_out.items() if count]
    parts.append(f"Left out: {', '.join(reasons)}." if reasons else "Nothing was left out.")
    if contents.findings:
        parts.append(f"What `vton-hf validate` finds in its triplets:\n\n{contents.findings.strip()}")
    return "\n\n".join(filter(None, parts))


def load(header: Mapping[str, Any], destination: str) -> str:
    """How to load the configs of this header from a place; the example is the hardest of ours."""
    configs = config_entries(header)
    example = str(hardest(configs))
    split, path = _files(configs[example])
    setup, notes = "", _names(header)
    if hub := _HUB.fullmatch(destination):
        call = f'{_quoted(hub[1])}, "{example}"'
        notes = [*notes, _ON_THE_HUB, *_diffusers(header, hub[1])]
    elif "://" in destination:
        # Stock load_dataset takes the URLs of files, but no URL of a folder.
        files = {split: f"{shown(destination).rstrip('/')}/{path}"}
        kind = "webdataset" if path.endswith(_TAR) else "parquet"
        setup, call, notes = f"\nfiles = {_quoted(files)}", f'"{kind}", data_files=files', [_IN_A_STORE]
    else:
        call = f'{_quoted(f"path/to/{_last(destination)}")}, "{example}"'
        notes = [*notes, *_diffusers(header, f"path/to/{_last(destination)}")]
    call = f"{call}, split={_quoted(split)}"
    parts = [Template(_text("load.md")).substitute(setup=setup, call=call, notes="\n".join(notes))]
    if set(ROLES) <= set(columns(header)):
        parts.append(_text("load_with_us.md"))
    if path.endswith(_TAR) and not hub and "://" not in destination:
        parts.append(_tars(header, f"path/to/{_last(destination)}/{path}"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _diffusers(header: Mapping[str, Any], name: str) -> list[str]:
    if not any(needed <= set(columns(header)) for needed in _DIFFUSERS):
        return []
    way = code(f"--dataset_name={name}")
    return [f"The training scripts of diffusers take it as {way}; `--train_data_dir` would look for image files."]


def _tars(header: Mapping[str, Any], files: str) -> str:
    fields = [name for name, kind in columns(header).items() if kind == "Image"]
    names = ", ".join(map(_quoted, [*fields, "json"]))
    return Template(_text("load_tars.md")).substitute(files=_quoted(files), fields=names)


def _size(splits: Mapping[str, Split]) -> str:
    rows = ", ".join(
        f"{split.rows:,} {'row' if split.rows == 1 else 'rows'} in `{name}`" for name, split in splits.items()
    )
    return f"{rows}; {amount(sum(split.download for split in splits.values()))} to download."


def _names(header: Mapping[str, Any]) -> list[str]:
    names = [code(name) for name in config_entries(header)]
    if len(names) == 1:
        return []
    default = default_config(header)
    unnamed = f" Without a name, {code(default)} is loaded." if default else ""
    return [f"The configs are {', '.join(names[:-1])} and {names[-1]}.{unnamed}"]


def _files(entry: Mapping[str, Any]) -> tuple[str, str]:
    """A split of a config and its files; another's entry may say them in another way than ours."""
    listed = entry.get("data_files")
    mappings = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    paths = {str(each.get("split")): str(each.get("path")) for each in mappings}
    split = "train" if "train" in paths or not paths else next(iter(paths))
    return split, paths.get(split, f"{entry['config_name']}/{split}-*.parquet")


def _last(destination: str) -> str:
    parts = [part for part in printable(shown(destination)).split("/") if part.strip(".~")]
    return parts[-1] if parts else ""


def _quoted(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False))


def _text(name: str) -> str:
    return resources.files("vton_hf.exports.card").joinpath(name).read_text(encoding="utf-8")
