"""From configs to a place that people load from: cut, write, send, and only then let it be seen."""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from datasets.utils import tqdm

from vton_hf import card
from vton_hf.ahead import ahead
from vton_hf.builder import VTON
from vton_hf.chunks import free_bytes
from vton_hf.delivery.contents import contents, draw_sheet, sheet_name
from vton_hf.delivery.delivered import Delivery, Part
from vton_hf.delivery.lots import Lot, lots_of
from vton_hf.delivery.orders import Order
from vton_hf.delivery.outgoing import outgoing
from vton_hf.delivery.shards import Shard
from vton_hf.delivery.target import Card, Target
from vton_hf.errors import BuildError

_OURS: Final = re.compile(r"\w+-\d{5}-of-\d{5}(-[0-9a-f]{16})?\.(parquet|tar)|contact_sheet-[0-9a-f]{16}\.png")
"""What a delivery writes into a config's folder, and `Dataset.push_to_hub` too: to be replaced by the next one."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One config, ready to leave."""

    builder: VTON
    lots: list[Lot]

    @property
    def shards(self) -> list[Shard]:
        return [shard for lot in self.lots for shard in lot.shards]


def deliver(order: Order, target: Target, *, license: str | None, dry_run: bool) -> Delivery:  # noqa: A002
    """Bring configs to a place.

    A file that is there under the same name is not written again. Nothing is seen before all has arrived.

    Args:
        order: What.
        target: Where.
        license: For the card; None keeps what it says.
        dry_run: Only find out what would be done.

    Raises:
        VTONError: What a build, a store or the place has to say.
    """
    present = target.present()
    built = _prepare(order, dry_run=dry_run)
    parcels = [_Parcel(builder, lots_of(builder, order, built=built)) for builder in order.builders]
    parts = tuple(Part.of(lot, present) for parcel in parcels for lot in parcel.lots)
    if dry_run:
        return Delivery(target.place, parts, None, estimated=not built)
    # A card that cannot be merged is to be known of before hours of sending.
    _card(parcels, {shard.name: shard.bytes for parcel in parcels for shard in parcel.shards}, target, license)(
        target.read_card()
    )
    files = {**present, **_send(parcels, present, target)}
    return Delivery(target.place, parts, _publish(parcels, files, target, license), estimated=False)


def _prepare(order: Order, *, dry_run: bool) -> bool:
    """Build what is missing; say whether rows can be taken from what is built."""
    first, *others = order.builders
    for builder in others:
        builder.source.share_listing(first.source)
    if not first.config.embed_images:
        return False
    if dry_run and any(builder.source.missing_chunks() for builder in order.builders):
        return False
    for builder in order.builders:
        builder.download_and_prepare(num_proc=order.num_proc)
    return True


def _send(parcels: Sequence[_Parcel], present: Mapping[str, int], target: Target) -> dict[str, int]:
    """Write and send what is not there; gives the bytes of each file."""
    root = target.scratch or parcels[0].builder.source.cache.root
    jobs = [(lot, shard) for parcel in parcels for lot in parcel.lots for shard in lot.shards]
    todo = [(lot, shard) for lot, shard in jobs if shard.name not in present]
    sent = {}
    with _roomy(root, [shard.bytes for _, shard in todo], target), outgoing(root) as folder:
        written = ahead(todo, lambda job: _written(*job, folder))
        with tqdm(total=sum(shard.bytes for _, shard in todo), desc=target.doing, unit="B", unit_scale=True) as bar:
            for (_, shard), path in written:
                sent[shard.name] = path.stat().st_size
                target.send(path, shard.name)
                path.unlink(missing_ok=True)
                bar.update(shard.bytes)
    return sent


def _written(lot: Lot, shard: Shard, folder: Path) -> Path:
    path = folder / shard.name.replace("/", "-")
    lot.write(shard, path)
    return path


@contextmanager
def _roomy(root: Path, sizes: Sequence[int], target: Target) -> Iterator[None]:
    """Refuse to begin what does not fit on the disk, and explain when it is full all the same."""
    # One file is written while the one before is sent.
    needed, free = sum(sizes) if target.keeps_scratch else 2 * max(sizes, default=0), free_bytes(root)
    elsewhere = (
        "take another folder" if target.keeps_scratch else "cache_dir= on a larger disk, or a smaller max_shard_size="
    )
    way_out = f"Make room, or {elsewhere}"
    if needed > free:
        raise BuildError(
            f"{root} needs {needed / 1e9:,.2f} GB for files on their way, but has {free / 1e9:,.2f} GB free. {way_out}."
        )
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise BuildError(
            f"The disk of {root} is full. {way_out}; files that have arrived are not sent again."
        ) from error


def _card(parcels: Sequence[_Parcel], files: Mapping[str, int], target: Target, license: str | None) -> Card:  # noqa: A002
    told = [contents(parcel.builder, parcel.lots, files) for parcel in parcels]
    return partial(card.render, contents=told, place=target.place, license=license)


def _publish(parcels: Sequence[_Parcel], files: Mapping[str, int], target: Target, license: str | None) -> str | None:  # noqa: A002
    sheets = {sheet_name(parcel.lots[0]): parcel.lots[0] for parcel in parcels}
    pictures = {name: draw_sheet(lot) for name, lot in sheets.items() if name not in files}
    wanted = {shard.name for parcel in parcels for shard in parcel.shards} | set(sheets)
    folders = {parcel.builder.config.name for parcel in parcels}

    def stale(name: str) -> bool:
        folder, _, file = name.partition("/")
        return folder in folders and bool(_OURS.fullmatch(file)) and name not in wanted

    return target.publish(_card(parcels, files, target, license), pictures, wanted, stale)
