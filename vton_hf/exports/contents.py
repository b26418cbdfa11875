"""What the card is told of a config: what it holds, how it was made, what was left out."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vton_hf.builder import VTON, VTONConfig
from vton_hf.errors import ImageError
from vton_hf.exports.card import Contents, Split
from vton_hf.exports.split_files import SplitFiles
from vton_hf.images import decode
from vton_hf.naming import ROLES
from vton_hf.report import contact_sheet, pick_examples, tables

_RECIPE: Final = (
    "difficulty_weights",
    "gender",
    "epoch_size",
    "mixing",
    "limit",
    "cloth",
    "hidden",
    "image_size",
    "aspect",
    "image_format",
    "image_quality",
    "to_srgb",
)
_BROKEN: Final = "broken image"
_REPLACED: Final = "broken image, another triplet of the difficulty in its place"


def contents(builder: VTON, lots: Sequence[SplitFiles]) -> Contents:
    """Tell of one config, its files not yet measured."""
    source, config = builder.source, builder.config
    available = source.manifest.sizes()
    shown = [tables.composition(lot.rows.told(), config.weights, available) for lot in lots]
    headed = zip(lots, shown, strict=True)
    broken = {_BROKEN: len(source.left_out())} if config.embed_images else {}
    broken[_REPLACED] = sum(len(lot.rows.replaced) for lot in lots)
    return Contents(
        name=config.name,
        features=lots[0].features,
        splits={
            lot.split: Split(
                rows=len(lot.rows),
                bytes=int(lot.sizes.sum()),
                files=lot.glob,
                download=sum(shard.bytes for shard in lot.shards),
            )
            for lot in lots
        },
        composition=shown[0] if len(lots) == 1 else "\n\n".join(f"`{lot.split}`\n\n{table}" for lot, table in headed),
        recipe=_recipe(config),
        sources=source.prefixes,
        left_out=source.audit.counts() | {reason: count for reason, count in broken.items() if count},
        sheet=sheet_name(lots[0]),
    )


def measured(told: Contents, lots: Sequence[SplitFiles], files: Mapping[str, int]) -> Contents:
    """The same, with the bytes of the files that are there."""
    sizes = {lot.split: sum(files[shard.name] for shard in lot.shards) for lot in lots}
    return replace(told, splits={name: replace(split, download=sizes[name]) for name, split in told.splits.items()})


def _recipe(config: VTONConfig) -> dict[str, str]:
    """The seed, and each option that is not its default."""
    changed = {name: getattr(config, name) for name in _RECIPE if getattr(config, name) != getattr(VTONConfig, name)}
    return {"seed": str(config.seed)} | {name: _text(value) for name, value in changed.items()}


def _text(value: Any) -> str:
    return ", ".join(f"{name} {share:g}" for name, share in value.items()) if isinstance(value, Mapping) else str(value)


def sheet_name(lot: SplitFiles) -> str:
    """Where the contact sheet of a config lies, given its first split.

    A card shows a hidden file like any other, and no pattern of `datasets` takes it for data: a picture with a plain
    name would be the one row that `load_dataset("imagefolder", data_dir=...)` finds.
    """
    return f"{lot.config}/.contact_sheet-{lot.mark}.png"


def draw_sheet(lot: SplitFiles) -> bytes:
    """A PNG with the first triplets of each difficulty and gender."""
    places = pick_examples(lot.rows.texts)
    rows = [lot.rows.read(range(place, place + 1)).to_pylist()[0] for place in places]
    sheet = contact_sheet([row | {role: _decoded(row[role]["bytes"]) for role in ROLES} for row in rows])
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _decoded(data: bytes) -> Any:
    try:
        return decode(data)
    except ImageError:
        return None
