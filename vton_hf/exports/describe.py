"""What the card says of a config: what it holds, how it was made, what was left out."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vton_hf.builder import VTON, VTONConfig, splits_in, validation_of
from vton_hf.errors import ImageError
from vton_hf.exports.card import Contents, Split
from vton_hf.exports.plan import SplitPlan
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.tables import ExportTable
from vton_hf.exports.write import WriteReport, file_features
from vton_hf.images import decode
from vton_hf.naming import ROLES
from vton_hf.report import THUMBNAIL_ASPECT, contact_sheet, findings_table, pick_examples, tables

_LEAST: Final = 64
"""Pixels of height that a picture has on a contact sheet: room for its caption."""
_TALLEST: Final = 160

_RECIPE: Final = (
    "difficulty_weights",
    "gender",
    "epoch_size",
    "mixing",
    "limit",
    "cloth",
    "hidden",
    "default_difficulty",
    "difficulty_of",
    "layout",
    "metadata",
    "where",
    "companions",
    "mix_by",
    "splits",
    "split_by",
    "entities",
    "image_size",
    "aspect",
    "image_format",
    "image_quality",
    "to_srgb",
)
_BROKEN: Final = "broken image"
_JOINING: Final = "triplet whose person and garment are in two splits"
_UNKNOWN: Final = "triplet of which is not known who is in it"
_REPLACED: Final = "broken image, another triplet of the difficulty in its place"


def describe(
    builder: VTON,
    plans: Sequence[SplitPlan],
    spec: ExportSpec,
    report: WriteReport,
    sizes: Mapping[str, int],
    *,
    findings: str,
    splitting: str = "",
) -> Contents:
    """Describe one config.

    Args:
        builder: The config.
        plans: Its splits.
        spec: How it is exported.
        report: What was written.
        sizes: Bytes of the files that are there; those of a file that is not are taken to be those of its images.
        findings: A table of what is wrong with its triplets; empty if that was not looked for.
        splitting: How they were split; empty if they were not.
    """
    config = builder.config
    substitutes = {plan.table.split: report.substitutes.get((config.name, plan.table.split), {}) for plan in plans}
    return Contents(
        name=config.name,
        features=file_features(spec, plans[0].table),
        splits={plan.table.split: _split(plan, sizes) for plan in plans},
        composition=_composition(
            {plan.table.split: plan.table.texts_with(substitutes[plan.table.split]) for plan in plans}, builder, spec
        ),
        recipe=_recipe(config),
        sources=builder.context.prefixes,
        left_out=builder.triplets.audit.counts() | _left_out(builder, sum(map(len, substitutes.values()))),
        findings=findings,
        splitting=splitting,
        sheet=contact_sheet_name(plans[0]),
    )


def _left_out(builder: VTON, replaced: int) -> dict[str, int]:
    """How many triplets are not in what is exported, by reason."""
    found = builder.context.parts.assignment(builder.triplets.manifest)
    counts = {_BROKEN: len(builder.prepared.skipped)} if builder.config.embed_images else {}
    counts |= {} if found is None else {_JOINING: found.joining, _UNKNOWN: found.unknown}
    return {reason: count for reason, count in (counts | {_REPLACED: replaced}).items() if count}


def findings_of(builder: VTON) -> str:
    """What is wrong with the triplets of a config, if their images were measured, as a Markdown table."""
    found = validation_of(builder)
    return "" if found is None else findings_table(found)


def _split(plan: SplitPlan, sizes: Mapping[str, int]) -> Split:
    return Split(
        rows=len(plan.table),
        bytes=int(plan.image_bytes.sum()),
        files=plan.glob,
        download=sum(sizes.get(file.name, file.image_bytes) for file in plan.files),
    )


def _available(builder: VTON, split: Any) -> Mapping[str, int]:
    """Triplets by pool that a split could draw from."""
    parts, manifest = builder.context.parts, builder.triplets.manifest
    each = [parts.sizes(manifest, name) for name in splits_in(split, parts.names)]
    return {name: sum(sizes.get(name, 0) for sizes in each) for name in manifest.sizes()}


def _composition(texts: Mapping[str, Any], builder: VTON, spec: ExportSpec) -> str:
    weights, mix_by = builder.config.weights, builder.config.mix_by
    shown = {
        split: tables.composition(rows, weights, _available(builder, spec.splits[split]), mix_by)
        for split, rows in texts.items()
    }
    if len(shown) == 1:
        return next(iter(shown.values()))
    return "\n\n".join(f"`{split}`\n\n{table}" for split, table in shown.items())


def _recipe(config: VTONConfig) -> dict[str, str]:
    """The seed, and each option that is not its default."""
    changed = {name: getattr(config, name) for name in _RECIPE if getattr(config, name) != getattr(VTONConfig, name)}
    return {"seed": str(config.seed)} | {name: _text(value) for name, value in changed.items()}


def _text(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(
        f"{name} {share:g}" if isinstance(share, float | int) else f"{name} {share}" for name, share in value.items()
    )


def contact_sheet_name(plan: SplitPlan) -> str:
    """Where the contact sheet of a config lies, given its first split.

    A card shows a hidden file like any other, and no pattern of `datasets` takes it for data: a picture with a plain
    name would be the one row that `load_dataset("imagefolder", data_dir=...)` finds.
    """
    return f"{plan.table.config}/.contact_sheet-{plan.mark}.png"


def draw_contact_sheet(table: ExportTable) -> bytes:
    """A PNG with the first triplets of each difficulty and gender.

    It is no taller than small images need: enlarged, they take four times the bytes and show no more.
    """
    positions = pick_examples(table.texts)
    rows = [table.read(range(position, position + 1))[0].to_pylist()[0] for position in positions]
    images = [{role: _decoded(row[role]["bytes"]) for role in ROLES if row.get(role)} for row in rows]
    pictures = [image for each in images for image in each.values() if image]
    needed = max((max(image.height, round(image.width / THUMBNAIL_ASPECT)) for image in pictures), default=_TALLEST)
    sheet = contact_sheet(
        [row | each for row, each in zip(rows, images, strict=True)], height=min(max(needed, _LEAST), _TALLEST)
    )
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _decoded(data: bytes) -> Any:
    try:
        return decode(data)
    except ImageError:
        return None
