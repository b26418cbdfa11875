"""`export`: the mixes as files in a folder or below a prefix, with a README that stock `load_dataset` reads."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vton_hf import storage
from vton_hf.delivery.delivered import Delivery
from vton_hf.delivery.dispatch import deliver
from vton_hf.delivery.orders import place_order
from vton_hf.delivery.outgoing import outgoing
from vton_hf.delivery.target import Card
from vton_hf.errors import ConfigError, LayoutError, ObjectMissingError, StorageError
from vton_hf.mixing import RECIPES

_CARD: Final = "README.md"
_LOCAL: Final = "file://"


class Folder:
    """A folder or a prefix as a `Target`.

    Args:
        uri: From `storage.resolve_prefix`.
        settings: How its store is reached.
        scratch: Where files are written first, if not in the folder itself.
    """

    doing = "Exporting"

    def __init__(self, uri: str, settings: storage.StorageSettings, scratch: Path) -> None:
        local = uri.startswith(_LOCAL)
        self.place = uri.removeprefix(_LOCAL).rstrip("/") if local else uri
        self.scratch = Path(self.place) if local else scratch
        self.keeps_scratch = local
        self._uri = uri
        self._changed = False
        self._store = storage.Store(settings)

    def present(self) -> Mapping[str, int]:
        """The files below it.

        Raises:
            ConfigError: If it is no folder.
        """
        if self.keeps_scratch and self.scratch.is_file():
            raise ConfigError(f"{self.place!r} is a file. Name a folder; it is made where there is none.")
        try:
            found = self._store.list([self._uri])
        except LayoutError:
            return {}
        names = (uri.removeprefix(self._uri) for uri in found["uri"].to_pylist())
        return dict(zip(names, found["size"].to_pylist(), strict=True))

    def read_card(self) -> str | None:
        """The text of its README.md."""
        (body,) = self._store.read([self._uri + _CARD])
        if isinstance(body, ObjectMissingError):
            return None
        if isinstance(body, StorageError):
            raise body
        return body.decode("utf-8")

    def send(self, file: Path, name: str) -> None:
        """Move one file there; README.md does not name it yet."""
        self._store.send(file, self._uri + name)
        self._changed = True

    def publish(
        self, card: Card, pictures: Mapping[str, bytes], wanted: set[str], stale: Callable[[str], bool]
    ) -> str | None:
        """Write README.md, which names the files; then take away those that it named before."""
        there, old = self.present(), self.read_card()
        new = {name: data for name, data in pictures.items() if name not in there}
        text = card(old)
        with outgoing(self.scratch) as folder:
            for name, data in [*new.items(), *([(_CARD, text.encode())] if text != old else [])]:
                file = folder / Path(name).name
                file.write_bytes(data)
                self.send(file, name)
        gone = [name for name in there if stale(name) and name not in wanted]
        if gone:
            self._store.delete([self._uri + name for name in gone])
        return self.place if self._changed or gone else None


def export(
    directory: str | Path,
    *,
    configs: str | Sequence[str] = tuple(RECIPES),
    format: str = "parquet",  # noqa: A002 - what users write
    columns: str | Sequence[str] | Mapping[str, str] | None = None,
    caption: str | None = None,
    license: str | None = None,  # noqa: A002 - the card's own word
    max_shard_size: int | str | None = None,
    dry_run: bool = False,
    **load_options: Any,
) -> Delivery:
    """Write mixes as files for those who do not have this package.

    Stock `datasets.load_dataset(directory, "hard", split="train")` reads them. An export that was interrupted is
    done again: files that are there are kept. README.md names whole ones only; what it no longer names is removed.

    Args:
        directory: A folder, or `s3://bucket/prefix/`.
        configs: Those to export; others that are there stay.
        format: `"parquet"`, or `"webdataset"` for tar files.
        columns: None for all eight; `"instruct-pix2pix"` or `"controlnet"` for what these scripts of diffusers
            expect; a list, or `{name: column}`, of the eight, `"caption"` and `"condition"` (person and garment).
        caption: The template of captions, such as `"a {gender} model in {garment}"`.
        license: The licence in the card; None keeps the card's, or says `"unknown"`.
        max_shard_size: Bytes of a file at most; by default `"2GB"`.
        dry_run: Build nothing, write nothing; say what would be written.
        **load_options: As for `vton_hf.push_to_hub`. `storage_options` serves the bucket and the target alike.

    Returns:
        What was exported, or would be: `print` it.

    Raises:
        VTONError: As for `vton_hf.load`, and if the directory cannot be written to.
    """
    options = load_options | {"format": format, "columns": columns, "caption": caption}
    what = place_order(configs, max_shard_size=max_shard_size, **options)
    source = what.builders[0].source
    uri = storage.resolve_prefix(_local(directory), source.settings)
    return deliver(what, Folder(uri, source.settings, source.cache.root), license=license, dry_run=dry_run)


def _local(directory: str | Path) -> str:
    """A bare name is a folder here: what `load_dataset` is given afterwards, and not a key in a bucket."""
    text = str(directory)
    return text if "://" in text else str(Path(text).expanduser().absolute())
