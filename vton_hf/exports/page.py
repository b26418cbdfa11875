"""`preview`: a page of a bucket's triplets, of a mix of them, and of what a transform makes of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final, Unpack

import datasets

from vton_hf._core.checks import check_choice, unknown_option
from vton_hf._core.options import RECIPES, Config, Prefixes, PreviewOptions
from vton_hf.builder import VTON, Wanted, validated
from vton_hf.cache import TEXT_COLUMNS, features
from vton_hf.errors import ConfigError, EmptyPoolError, ImageError, SampleError, redacted
from vton_hf.naming import ROLES
from vton_hf.report import SHOWN, Mix, Validation, effect_rows, write_page

if TYPE_CHECKING:
    from vton_hf.transforms import Transform

_TRANSFORMED: Final = 60
"""Triplets that are shown as the transform makes them."""


def preview(
    s3_prefixes: Prefixes,
    config: Config = "hard",
    *,
    html: str | PurePath = "preview.html",
    sample: int | None = None,
    transform: "Transform | None" = None,
    num_proc: int | None = None,
    **options: Unpack[PreviewOptions],
) -> Path:
    """Write one HTML file to look at: triplets, a mix of them, what is wrong with them, and what to leave out.

    Images that were never measured are read, each once.

    Args:
        s3_prefixes: Where the triplets lie; as of `load`.
        config: Whose mix is shown; triplets are, whatever it draws.
        html: The file; its folders are made.
        sample: So many triplets, always the same; None for all, up to 20,000.
        transform: As of `with_transform`; some triplets are shown as it makes them, without its normalisation.
        num_proc: Worker processes; None measures in this one.
        **options: As of `validate`; `difficulty_weights` and `epoch_size` as of `load`.

    Returns:
        The file.

    Raises:
        VTONError: As `validate`.
        OSError: If it cannot be written.

    Examples:
        >>> preview("s3://bucket/dataset_ultimate/", "medium")  # doctest: +SKIP
    """
    wanted = _wanted(config, sample, set(options))
    builder, file = VTON(config_name=config, s3_prefixes=s3_prefixes, **options), Path(html)
    found = validated(builder, wanted, num_proc)
    effects = {} if transform is None else dict(_effects(found, transform))
    write_page(file, found, mix=_mix(builder), effects=effects)
    return file


def _wanted(config: str, sample: int | None, options: set[str]) -> Wanted:
    check_choice("config", config, tuple(RECIPES))
    for name in sorted(options - PreviewOptions.__optional_keys__):
        raise unknown_option(name, sorted(PreviewOptions.__optional_keys__))
    return Wanted(Wanted(sample).sample or SHOWN)


def _mix(builder: VTON) -> Mix:
    try:
        return Mix(builder.config.name, builder.plan().composition())
    except EmptyPoolError as error:
        return Mix(builder.config.name, error=redacted(str(error)))


def _effects(found: Validation, transform: "Transform") -> Iterator[tuple[int, Sequence[Any]]]:
    """What the transform makes of some triplets, by the number of the row; of broken ones nothing."""
    try:  # torch, which a page without a transform, and all other exports, do without
        from vton_hf.transforms import picture_of, with_transform  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError("transform= needs torch and torchvision: pip install 'vton-hf[torch]'.") from error
    rows = found.evidence.measures.rows
    absent = {role: rows[role].is_null().to_numpy() for role in ROLES}
    images = [
        (row, of_row)
        for row, of_row in found.evidence.images.originals(effect_rows(found, _TRANSFORMED))
        if all(image or absent[role][row] for role, image in zip(ROLES, of_row, strict=True))
    ]
    texts = rows.select(list(TEXT_COLUMNS)).take([row for row, _ in images]).to_pydict()
    cells = {
        role: [of_row[number] and {"bytes": of_row[number], "path": None} for _, of_row in images]
        for number, role in enumerate(ROLES)
    }
    dataset = datasets.Dataset.from_dict({**texts, **cells}, features=features())
    transformed = with_transform(dataset, transform, on_error="raise")
    for place, (row, _) in enumerate(images):
        try:
            sample = transformed[place]
        except (SampleError, ImageError):
            continue
        yield row, [None if sample[role] is None else picture_of(sample[role], transform) for role in ROLES]
