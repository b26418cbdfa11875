"""`evaluation`: a test set with one resize rule and seeded pairs, frozen in a folder."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, Final, NoReturn, Unpack
from uuid import uuid4

import datasets
from PIL import Image

from vton_hf._core.checks import check_int, must_be, unknown_option
from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.digests import digest
from vton_hf._core.options import Aspect, EvaluationOptions, Prefixes
from vton_hf._core.progress import progress_bar
from vton_hf.builder import of_split_alone
from vton_hf.errors import BuildError, ConfigError
from vton_hf.evaluating.frozen import Evaluation
from vton_hf.evaluating.protocol import FOLDERS, GARMENT, GROUND_TRUTH, PERSON, PROTOCOL, Item, Protocol
from vton_hf.evaluating.unpaired import other_garments
from vton_hf.images import WINDOW, check_fit, decode_array, encode
from vton_hf.naming import ROLES

_AHEAD: Final = 4
"""Triplets whose images are encoded beside the one that is written: PNG takes 30 ms of a core, and three are one."""

_WITHIN: Final = ("gender", "category")
"""Unpaired garments stay within these."""

Row = Mapping[str, Any]

_SPELLINGS: Final[tuple[Callable[[Row], Sequence[str]], ...]] = (
    lambda row: [row["stem"]],
    lambda row: [row["difficulty"], row["gender"], row["stem"]],
    lambda row: [row["difficulty"], row["gender"], row["stem"], row["garment"]],
    lambda row: [row["stem"], digest(row["key"])],
)
"""Ways to name a triplet's files, of which the first is taken that gives each its own."""


def evaluation(
    directory: str | PurePath,
    s3_prefixes: Prefixes,
    *,
    image_size: Sequence[int] = (1024, 768),
    aspect: Aspect = "stretch",
    seed: int = 0,
    split: str | None = None,
    num_proc: int | None = None,
    **options: Unpack[EvaluationOptions],
) -> Evaluation:
    """Freeze a test set: images of one size as PNG, pairs, and a digest of it all.

    Every triplet stands in it once; of pairs without a picture of the person before, that is the ground truth. The
    folder is whole or absent; the same triplets, size and seed give the same files and the same digest anywhere.

    Args:
        directory: A folder that does not exist, is empty, or holds this very evaluation.
        s3_prefixes: Where the triplets lie; as of `load`.
        image_size: (height, width) in pixels.
        aspect: How images are brought to it; see `VTONConfig`.
        seed: Of the garments that persons are given in the unpaired setting, within their gender and category.
        split: Of the splits that `splits` names, the one to freeze; None takes `"test"`, or, without `splits`, all.
        num_proc: Worker processes that fetch and resize; None does it in this one.
        **options: As of `load`: which triplets, and how the store is reached.

    Raises:
        ConfigError: If the folder holds something else, or no triplet has a ground truth.
        VTONError: As `load`.
        OSError: If the folder cannot be written.

    >>> print(evaluation("./test-set", "s3://bucket/dataset_test/").score("./predictions"))  # doctest: +SKIP
    """
    folder, size = Path(directory), _checked(image_size, aspect, seed, set(options))
    _check_folder(folder)
    how: dict[str, Any] = {"image_size": size, "aspect": aspect, "image_format": "png", **options}
    builder = of_split_alone(split, s3_prefixes=s3_prefixes, **how)
    builder.download_and_prepare(num_proc=num_proc)
    _freeze(folder, datasets.concatenate_datasets(list(builder.pools().values())), size, aspect, seed)
    return Evaluation(folder, tuple(f"{item.key}: {item.reason}" for item in builder.prepared.skipped))


def _checked(image_size: Sequence[int], aspect: str, seed: int, options: set[str]) -> tuple[int, int]:
    for name in sorted(options - EvaluationOptions.__optional_keys__):
        raise unknown_option(name, sorted(EvaluationOptions.__optional_keys__))
    check_int("seed", seed)
    size = check_fit(image_size, aspect)
    if size is None or min(size) < WINDOW:
        raise must_be("image_size", image_size, f"(height, width) in pixels, {WINDOW} at least, for SSIM")
    return size


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is a file. Name a folder for the evaluation.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / PROTOCOL).is_file():
        raise ConfigError(f"{str(folder)!r} holds other files. Name a folder of the evaluation's own.")


def _freeze(folder: Path, rows: datasets.Dataset, size: tuple[int, int], aspect: str, seed: int) -> None:
    """Write all of it beside the folder, which it becomes when it is whole."""
    scratch = folder.absolute().with_name(f".{folder.absolute().name}.{uuid4().hex}.incomplete")
    try:
        _put_in_place(scratch, folder, _written(scratch, rows, size, aspect, seed))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _written(folder: Path, rows: datasets.Dataset, size: tuple[int, int], aspect: str, seed: int) -> Protocol:
    if "try_on_image" not in rows.column_names:
        _refuse(len(rows))
    for role in ROLES:
        if role in rows.column_names:
            rows = rows.cast_column(role, datasets.Image(decode=False))
    texts = rows.remove_columns([name for name in rows.column_names if name in ROLES]).to_list()
    names = _names_of(texts)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    found: list[tuple[Row, dict[str, str]]] = []
    work = map_prefetched(range(len(rows)), lambda place: _frozen(rows[place], folder, names[place]), depth=_AHEAD)
    for place, pixels in progress_bar(work, desc="Freezing", total=len(rows), unit=" triplets"):
        if pixels:
            found.append((texts[place] | {"name": names[place]}, pixels))
    if not found:
        _refuse(len(rows))
    protocol = Protocol(list(_items(found, seed)), size, aspect, seed)
    for name, text in protocol.pair_lists().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / PROTOCOL).write_text(protocol.to_json(), encoding="utf-8", newline="\n")
    return protocol


def _refuse(rows: int) -> NoReturn:
    raise ConfigError(
        f"None of {rows:,} rows has a picture of its person in its garment (try_on_image), so there is nothing to "
        f"compare predictions with. Choose rows that have one, such as where={{'kind': ['triplet', 'pair']}}."
    )


def _frozen(row: Row, folder: Path, name: str) -> dict[str, str]:
    """Write the images of a triplet; gives the digest of each, or nothing where there is no ground truth."""
    target = row["try_on_image"]
    if target is None:
        return {}
    before = row.get("initial_image") if row.get("kind") in (None, "triplet") else None
    sources = {GROUND_TRUTH: target, PERSON: before or target, GARMENT: row["cloth_image"]}
    digests = {}
    for kind, cell in sources.items():
        pixels = decode_array(cell["bytes"])
        digests[kind] = sha256(pixels.tobytes()).hexdigest()
        (folder / kind / f"{name}.png").write_bytes(encode(Image.fromarray(pixels), "png"))
    return digests


def _names_of(rows: Sequence[Row]) -> list[str]:
    for spell in _SPELLINGS:
        # Lists of pairs are split at blanks, and some file systems take a and A for one.
        names = [re.sub(r"[\s/\\]+", "_", "_".join(filter(None, spell(row)))) for row in rows]
        if max(Counter(name.casefold() for name in names).values(), default=0) <= 1:
            break
    return names


def _items(found: Sequence[tuple[Row, dict[str, str]]], seed: int) -> Iterator[Item]:
    names = [row["name"] for row, _ in found]
    groups = ["\n".join(row.get(column) or "" for column in _WITHIN) for row, _ in found]
    others = other_garments(names, groups, [pixels[GARMENT] for _, pixels in found], seed)
    for row, pixels in sorted(found, key=lambda item: str(item[0]["name"])):
        texts = {name: str(row.get(name) or "") for name in ("difficulty", "gender", "category")}
        yield Item(row["name"], row["key"], **texts, unpaired=others[row["name"]], pixels=pixels)


def _put_in_place(scratch: Path, folder: Path, protocol: Protocol) -> None:
    if (folder / PROTOCOL).is_file():
        former = Protocol.read(folder).digest
        if former != protocol.digest:
            raise ConfigError(
                f"{str(folder)!r} holds another evaluation, {former}; this one is {protocol.digest}. A frozen one is "
                f"never changed: name another folder, or delete that one."
            )
        missing = [name for name in _files(protocol) if not (folder / name).is_file()]
        for name in missing:
            (folder / name).parent.mkdir(exist_ok=True)
            (scratch / name).replace(folder / name)
        return
    if folder.is_dir():
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        scratch.rename(folder)
    except OSError as error:
        raise BuildError(f"{str(folder)!r} cannot be written ({error.strerror}). Name another folder.") from error


def _files(protocol: Protocol) -> Iterator[str]:
    yield from protocol.pair_lists()
    for item in protocol.items:
        yield from (f"{folder}/{item.name}.png" for folder in FOLDERS)
