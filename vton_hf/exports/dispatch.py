"""From configs to a place that people load from: cut, write, send, and only then let it be seen."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from datasets.utils import tqdm

from vton_hf._core.concurrency import map_prefetched
from vton_hf.builder import VTON
from vton_hf.cache import free_bytes
from vton_hf.errors import BuildError
from vton_hf.exports import card
from vton_hf.exports.contents import contents, draw_sheet, measured, sheet_name
from vton_hf.exports.result import Delivery, SplitStats
from vton_hf.exports.shards import Shard
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.split_files import SplitFiles, lots_of
from vton_hf.exports.staging import outgoing
from vton_hf.exports.target import CARD, CommitPlan, Target
from vton_hf.report import amount
from vton_hf.storage import is_full


@dataclass(frozen=True, slots=True)
class _ConfigFiles:
    """One config, ready to leave."""

    builder: VTON
    lots: list[SplitFiles]

    @property
    def shards(self) -> list[Shard]:
        return [shard for lot in self.lots for shard in lot.shards]

    def is_known(self, present: Container[str], published: Container[str], text: str) -> bool:
        """Whether all of it is there, and this card describes it and shows its contact sheet."""
        whole = all(shard.name in present for shard in self.shards)
        return whole and all(lot.glob in published for lot in self.lots) and sheet_name(self.lots[0]) in text


def _trusted(parcels: Sequence[_ConfigFiles], there: Mapping[str, int], published: Container[str]) -> dict[str, int]:
    """The files that need not be written again.

    Not those that are too short for their images. And of rows that are read from the bucket not those of a delivery
    that never ended: what took the place of broken ones in them is not known.
    """
    short = {
        shard.name
        for parcel in parcels
        for lot in parcel.lots
        for shard in lot.shards
        if there.get(shard.name, 0) < lot.least(shard) or (not lot.built and lot.glob not in published)
    }
    return {name: size for name, size in there.items() if name not in short}


def deliver(order: ExportSpec, target: Target, *, license: str | None, dry_run: bool) -> Delivery:  # noqa: A002
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
    _check(order)
    there = target.present()
    old = target.read_card() if CARD in there else None
    card.check(old, place=target.place)
    built = _prepare(order, dry_run=dry_run)
    parcels = [_ConfigFiles(builder, lots_of(builder, order, built=built)) for builder in order.builders]
    published = card.data_files(old, order.configs, place=target.place)
    present = _trusted(parcels, there, published)
    parts = tuple(SplitStats.of(lot, present) for parcel in parcels for lot in parcel.lots)
    if dry_run:
        return Delivery(target.place, parts, None, estimated=not built)
    shipment = _packed(parcels, there, target.place, license)
    target.check_card(shipment.card(old))
    files = {**present, **_send(parcels, present, target)}
    told = [
        # Of rows that were read from the bucket only what was read now is known.
        measured(planned if built else contents(parcel.builder, parcel.lots), parcel.lots, files)
        for planned, parcel in zip(shipment.contents, parcels, strict=True)
        if built or not parcel.is_known(present, published, old or "")
    ]
    return Delivery(target.place, parts, target.publish(replace(shipment, contents=told)), estimated=False)


def _check(order: ExportSpec) -> None:
    """List the bucket once, and find out before anything is made whether there is something to deliver."""
    first, *others = order.builders
    for builder in others:
        builder.source.share_listing(first.source)
    for builder in order.builders:
        builder.source.check_pools()


def _prepare(order: ExportSpec, *, dry_run: bool) -> bool:
    """Build what is missing; say whether rows can be taken from what is built."""
    if not order.builders[0].config.embed_images:
        return False
    if dry_run and any(builder.source.missing_chunks() for builder in order.builders):
        return False
    for builder in order.builders:
        builder.download_and_prepare(num_proc=order.num_proc)
    return True


def _send(parcels: Sequence[_ConfigFiles], present: Mapping[str, int], target: Target) -> dict[str, int]:
    """Write and send what is not there; gives the bytes of each file."""
    root = target.scratch or parcels[0].builder.source.cache.root
    jobs = [(lot, shard) for parcel in parcels for lot in parcel.lots for shard in lot.shards]
    todo = [(lot, shard) for lot, shard in jobs if shard.name not in present]
    if not todo:
        return {}
    sent = {}
    with _roomy(root, [shard.bytes for _, shard in todo], target), outgoing(root) as folder:
        written = map_prefetched(todo, lambda job: _written(*job, folder))
        size = sum(shard.bytes for _, shard in todo)
        with tqdm(total=size, desc=target.doing, unit="B", unit_scale=True, disable=None) as bar:
            for (_, shard), path in written:
                sent[shard.name] = path.stat().st_size
                target.send(path, shard.name)
                path.unlink(missing_ok=True)
                bar.update(shard.bytes)
    return sent


def _written(lot: SplitFiles, shard: Shard, folder: Path) -> Path:
    path = folder / shard.name.replace("/", "-")
    lot.write(shard, path)
    return path


@contextmanager
def _roomy(root: Path, sizes: Sequence[int], target: Target) -> Iterator[None]:
    """Refuse to begin what does not fit on the disk, and explain when it is full all the same."""
    # One file is written while the one before is sent.
    needed, free = sum(sizes) if target.scratch else 2 * max(sizes, default=0), free_bytes(root)
    elsewhere = "take another folder" if target.scratch else "cache_dir= on a larger disk, or a smaller max_shard_size="
    way_out = f"Make room, or {elsewhere}"
    if needed > free:
        raise BuildError(
            f"{root} needs {amount(needed)} for the files written there, but has {amount(free)} free. {way_out}."
        )
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise BuildError(
            f"The disk of {root} is full. {way_out}; files that have arrived are not sent again."
        ) from error


def _packed(parcels: Sequence[_ConfigFiles], present: Container[str], place: str, license: str | None) -> CommitPlan:  # noqa: A002
    sheets = {sheet_name(parcel.lots[0]): parcel.lots[0] for parcel in parcels}
    return CommitPlan(
        place=place,
        configs=frozenset(parcel.builder.config.name for parcel in parcels),
        contents=[contents(parcel.builder, parcel.lots) for parcel in parcels],
        license=license,
        pictures={name: draw_sheet(lot) for name, lot in sheets.items() if name not in present},
        wanted=frozenset([*(shard.name for parcel in parcels for shard in parcel.shards), *sheets]),
    )
