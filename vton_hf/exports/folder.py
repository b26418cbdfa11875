"""`export`: the mixes as files in a folder or below a prefix, with a README that stock `load_dataset` reads."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Unpack

from vton_hf import storage
from vton_hf._core.checks import must_be
from vton_hf._core.digests import digest
from vton_hf._core.options import BuildOptions, Columns, Config, ExportFormat
from vton_hf._core.units import number
from vton_hf.builder import BuildContext
from vton_hf.cache import undisturbed
from vton_hf.errors import BuildError, ConfigError, ObjectMissingError, StorageError
from vton_hf.exports import card
from vton_hf.exports.destination import CARD, Changes, Destination
from vton_hf.exports.result import ExportResult
from vton_hf.exports.run import run_export
from vton_hf.exports.spec import parse_export
from vton_hf.exports.staging import staging_directory

_LONGEST: Final = 600.0
"""Seconds to wait for another export's last step: it writes a card and takes old files away."""

_LOCAL: Final = "file://"


class Folder(Destination):
    """A folder, or a prefix of a bucket.

    Args:
        uri: From `storage.resolve_prefix`.
        settings: How its store is reached.
        cache: Where files that are on their way to a bucket are written.
        create: Make the folder if it does not exist.
    """

    activity = "Exporting"

    def __init__(self, uri: str, settings: storage.StorageSettings, *, cache: Path, create: bool) -> None:
        local = uri.startswith(_LOCAL)
        self.name = uri.removeprefix(_LOCAL).rstrip("/") or "/" if local else uri
        self.folder = Path(self.name) if local else None
        self._uri = uri
        self._cache = cache
        self._create = create
        self._changed = False
        self._store = storage.Store(settings)

    def list_files(self) -> Mapping[str, int]:
        """The files below it.

        Raises:
            ConfigError: If it can be no folder.
        """
        if self.folder is not None and self._create:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise ConfigError(f"{self.name!r} is no folder, but a file or below one. Name a folder.") from None
        return storage.objects_below(self._store, self._uri)

    def read_card(self) -> str | None:
        """The text of its README.md."""
        (body,) = self._store.read([self._uri + CARD])
        if isinstance(body, ObjectMissingError):
            return None
        if isinstance(body, StorageError):
            raise body
        return card.decoded(body, destination=self.name)

    def upload(self, path: Path, name: str) -> None:
        """Move one file there; README.md does not name it yet."""
        self._store.upload(path, self._uri + name)

    def note(self, name: str, receipt: Any) -> None:
        """Remember that something has changed."""
        del name, receipt
        self._changed = True

    def commit(self, changes: Changes) -> str | None:
        """Write README.md, which names the files; then take away those of earlier exports.

        Raises:
            BuildError: If files have gone meanwhile, most likely taken away by another export.
        """
        with self._alone():
            existing = self.list_files()
            if lost := changes.wanted - existing.keys() - changes.pictures.keys():
                raise BuildError(
                    f"{number(len(lost), 'file')} missing from {self.name} since this export began, such as "
                    f"{min(lost)!r}: another one of the same configs is at work. Run it again."
                )
            for name, data in changes.pictures.items():
                if name not in existing:
                    self._write(name, data)
            self._write_card(changes)
            if gone := changes.stale(existing):
                self._store.delete([self._uri + name for name in gone])
            return self.name if self._changed or gone else None

    def _alone(self) -> AbstractContextManager[None]:
        """One process at a time, of those that share a cache; the lock lies there, where nobody takes it away."""
        return undisturbed(self._cache / "exports" / digest(self._uri), longest=_LONGEST)

    def _write_card(self, changes: Changes) -> None:
        while (text := changes.card(old := self.read_card())) != old:
            # Another export may have written its configs meanwhile.
            if self.read_card() == old:
                self._write(CARD, text.encode())
                return

    def _write(self, name: str, data: bytes) -> None:
        with staging_directory(self.folder or self._cache) as folder:
            file = folder / Path(name).name
            file.write_bytes(data)
            self.upload(file, name)
            self._changed = True


def export(
    directory: str | Path,
    *,
    configs: Config | Sequence[Config] = ("easy", "medium", "hard"),
    format: ExportFormat = "parquet",  # noqa: A002 - what users write
    columns: Columns | None = None,
    caption: str | None = None,
    license: str | None = None,  # noqa: A002 - the card's own word
    max_shard_size: int | str | None = None,
    dry_run: bool = False,
    **load_options: Unpack[BuildOptions],
) -> ExportResult:
    """Write mixes as files for those who do not have this package.

    Stock `datasets.load_dataset(directory, "hard", split="train")` reads them. An export that was interrupted is
    done again: files that are there are kept. Those of earlier exports of these configs are removed.

    Args:
        directory: A folder, or `s3://bucket/prefix/`.
        configs: Those to export; others that are there stay.
        format: Also `"webdataset"`, for tar files.
        columns: None for all eight; `"instruct-pix2pix"` or `"controlnet"` for what these scripts of diffusers
            expect; a list, or `{name: column}`, of the eight, `"caption"` and `"condition"` (person and garment).
        caption: The template of captions, such as `"a {gender} model in {garment}"`.
        license: The licence in the card; None keeps the card's, or says `"unknown"`.
        max_shard_size: Bytes of a file at most; by default `"2GB"`.
        dry_run: Write nothing; say what would be written.
        **load_options: As for `vton_hf.push_to_hub`; `storage_options` serves the bucket and the target alike.

    Returns:
        What was exported, or would be: `print` it.

    Raises:
        VTONError: As for `vton_hf.load`, and if the directory cannot be written to.
    """
    options: dict[str, Any] = {**load_options, "columns": columns, "caption": caption, "max_shard_size": max_shard_size}
    spec, builders = parse_export(configs, format=format, **options)
    folder = _open(directory, builders[0].context, create=not dry_run)
    return run_export(spec, builders, folder, license=license, dry_run=dry_run)


def _open(directory: str | Path, context: BuildContext, *, create: bool) -> Folder:
    text = str(directory)
    if not text.strip():
        raise must_be("directory", directory, "a folder, or s3://bucket/prefix/")
    whole = storage.folder_text(text)
    if whole.startswith(("http://", "https://")) or re.search(r"[*?\[\]]|::", whole):
        why = "Web pages cannot be written to, and `load_dataset` takes * ? [ ] and :: in a path for a pattern."
        raise must_be("directory", text, "a folder, or s3://bucket/prefix/", why)
    uri = storage.resolve_prefix(whole, context.settings)
    storage.check_outside(uri, context.prefixes, named=repr(text))
    return Folder(uri, context.settings, cache=context.cache.root, create=create)
