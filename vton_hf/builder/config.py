"""The options of `load_dataset("vton_hf", ...)`, and what each may be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, Final

import datasets

from vton_hf._core.checks import check_bool, check_choice, check_int, must_be, one_of, unknown_option
from vton_hf._core.options import CLOTH_RULES, MIXINGS, ON_BROKEN_IMAGE, RECIPES, VERIFY_LEVELS, EpochSizes
from vton_hf.builder.plain import listed
from vton_hf.builder.run_options import RunOptions
from vton_hf.builder.split_options import check_split_options, sizes_of
from vton_hf.errors import ConfigError
from vton_hf.images import ImageSpec, check_encoding, check_fit
from vton_hf.mixing import check_weights, epoch_length, tell_shares
from vton_hf.naming import DIFFICULTY
from vton_hf.triplets import (
    TRAIN,
    DifficultyRules,
    Exclude,
    check_companions,
    check_filters,
    read_layout,
)

VERSION: Final = datasets.Version("1.0.0")

_CHOICES: Final[dict[str, tuple[str | None, ...]]] = {
    "mixing": MIXINGS,
    "cloth": CLOTH_RULES,
    "verify": VERIFY_LEVELS,
    "on_error": ON_BROKEN_IMAGE,
}


@dataclass
class VTONConfig(datasets.BuilderConfig):  # type: ignore[misc]  # datasets is untyped
    """One mix of difficulties, and which triplets it draws from.

    The other parameters are those of `load`, `load_dataset` and `VTON`: they say how triplets are found and fetched,
    and are no part of what they are.

    Args:
        s3_prefixes: Where the triplets lie: `s3://bucket/prefix/`, a bare key in the default bucket, a
            local folder (`/`, `./`, `../`, `~`, `file://` or a `Path`). Any depth: root, difficulty, gender.
        difficulty_weights: Another recipe than the config's, such as `{"easy": 0.1, "hard": 0.9}`.
        gender: `"female"`, `"male"` or None for both.
        seed: Seed of the mix.
        epoch_size: Rows of an epoch: None for as many as the drawn pools hold triplets, `"min"` for the
            longest mix without a repeat, `"max"` for the shortest that shows every triplet, or a number. Of `train`,
            or by split, such as `{"train": None, "test": 500}`; the others take `"min"`, and never repeat a triplet.
        mixing: `"exact"`, or `"interleave"` for `datasets.interleave_datasets` with the recipe's
            probabilities.
        limit: At most so many triplets of each difficulty, always the same ones.
        embed_images: False stores URIs only; images are then fetched on access.
        cloth: What several garments for one stem mean: `"first"`, `"each"` or `"error"`.
        image_size: (height, width) in pixels that images are brought to before they are stored. None stores them as
            they are.
        aspect: How they are brought to it: `"stretch"`, `"pad"` (white), `"crop"` (centred), or `"catvton"`: person
            and target cropped, the garment padded.
        image_format: `"png"`, `"png-fast"` (not compressed: twice the size, decoded 7 times as fast), `"jpeg"`
            or `"webp"`: how images are stored. None keeps the bytes as they are, or takes PNG where they are resized.
        image_quality: Of `"jpeg"` and `"webp"`, from 1 to 100; None is 95. At 100 they still lose a little.
        to_srgb: Whether the colours of images with another colour profile are converted before they are stored; where
            nothing else is asked for, those images become PNG and all others keep their bytes. False ignores profiles.
        verify: How an image is checked while building: `"structure"`, `"decode"` or `"none"`.
        on_error: What a broken image does to a build: `"skip"` (counted and listed) or `"raise"`.
        exclude: Keys to leave out: a list, or a file with one a line.
        hidden: True also takes what is hidden below a prefix: names that begin with `.`, folders that begin with `.`
            or `__`, the bins, snapshots and thumbnails of file servers.
        default_difficulty: `"easy"`, `"medium"` or `"hard"`: of triplets whose key lies below no folder of such a name.
            None leaves them out, counted and listed.
        difficulty_of: The same by the name of a folder, such as `{"dresses": "hard"}`; the innermost counts.
        layout: How images are named: `"auto"` recognises it, prefix by prefix; `"vton"`, `"viton-hd"`, `"dresscode"`,
            `"catvton"` or `"table"`; a TOML file or a dictionary with a layout of your own.
        metadata: A table (CSV, TSV, JSON Lines, JSON or Parquet; local, or below a prefix) that says more of triplets,
            joined by its column `key`, `stem` or `file_name`: all others become columns.
        where: Only triplets that have one of these values in each of these columns: `{"category": ["dresses"]}`.
        companions: Columns of files beside the three images, such as `["agnostic_mask", "densepose"]`, that are images,
            too: stored, fetched and transformed with them. All others stay columns of URIs.
        mix_by: The column whose values `difficulty_weights` weighs, such as `"category"`; triplets then need no
            difficulty.
        splits: Shares of entities, by split, such as `{"validation": 0.05, "test": 0.05}`; the rest is `train`. Or a
            split manifest that `vton_hf.split` wrote. None: all is `train`.
        split_by: What no two splits share: `"garment"`, `"person"`, `"both"` (triplets that join two splits are in
            none), `"component"` (all that hangs together stays together), `"triplet"`, or the values of a column. None
            takes `"both"`, or whichever of the two is known, or else `"triplet"`.
        entities: What says who is in a triplet: a regular expression for stems, with a group `person`, a group
            `garment` or both; or columns, such as `{"person": "model_id"}`. None takes the columns `person`,
            `person_id` and `garment_id` of layouts and `metadata`.

    Other Parameters:
        listing: `"auto"` believes a listing of the last day if pages of it are as they were, `"fresh"` lists,
            `"cached"` takes the listing that is kept, however old, and compares nothing.
        retry_skipped: True asks again for all triplets that earlier builds left out, broken images included; False for
            some of those with an object that could not be read.
        shared_cache: A folder or URL, such as `s3://bucket/vton-cache/`, where finished chunks are published and taken
            from, by any machine. None takes `VTON_HF_SHARED_CACHE`, if that is set.
        engine: None builds on this machine, in `num_proc` processes; `"ray"` as tasks of Ray, as does
            `vton_hf.RayEngine(...)`.
        shard: (i, n) builds only share i, from 0, of n shares of the chunks; `vton_hf.build` says more.
        allow_missing: True goes on without chunks that failed three times; False is an error that lists them.
        statistics: True measures images where a build decodes them anyway, for `vton_hf.validate`; False does not.
    """

    s3_prefixes: str | PurePath | Iterable[str | PurePath] | None = None
    difficulty_weights: Mapping[str, float] | None = None
    gender: str | Sequence[str] | None = None
    seed: int = 0
    epoch_size: EpochSizes = None
    mixing: str = "exact"
    limit: int | None = None
    embed_images: bool = True
    image_size: Sequence[int] | None = None
    aspect: str = "stretch"
    image_format: str | None = None
    image_quality: int | None = None
    cloth: str = "first"
    to_srgb: bool = False
    verify: str = "structure"
    on_error: str = "skip"
    exclude: Exclude | None = None
    hidden: bool = False
    default_difficulty: str | None = None
    difficulty_of: Mapping[str, str] | None = None
    layout: str | PurePath | Mapping[str, Any] = "auto"
    metadata: str | PurePath | None = None
    where: Mapping[str, Any] | None = None
    companions: Sequence[str] | None = None
    mix_by: str = DIFFICULTY
    splits: Mapping[str, float] | str | PurePath | None = None
    split_by: str | None = None
    entities: str | Mapping[str, str] | None = None

    @property
    def prefixes(self) -> list[str | PurePath]:
        """The prefixes as a list."""
        return listed(self.s3_prefixes)

    @property
    def weights(self) -> dict[str, float]:
        """The recipe: weights that sum to 1, for all three difficulties or the values that are weighed."""
        weights = RECIPES[self.name] if self.difficulty_weights is None else self.difficulty_weights
        return check_weights(weights, self.mix_by)

    @property
    def image_spec(self) -> ImageSpec:
        """How images are stored."""
        size = check_fit(self.image_size, self.aspect)
        return ImageSpec(size, self.image_format, self.aspect, self.image_quality, self.to_srgb)

    def check(self) -> None:
        """Refuse what makes no sense, before anything is listed.

        Raises:
            ConfigError: With what was found and what is allowed.
        """
        if not isinstance(self.s3_prefixes, (str, PurePath, Iterable)) or not self.prefixes:
            raise ConfigError(
                f"s3_prefixes={self.s3_prefixes!r}: name at least one place to look for triplets, such as "
                f"s3_prefixes=['s3://bucket/dataset_ultimate/']."
            )
        for name, allowed in _CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        check_int("seed", self.seed)
        for name in ("embed_images", "hidden", "to_srgb"):
            check_bool(name, getattr(self, name))
        self._check_preparation()
        self._check_mix()
        check_split_options(self.splits, self.split_by, self.entities, self.epoch_size)
        DifficultyRules.of(self.default_difficulty, self.difficulty_of)
        read_layout(self.layout)
        check_companions(self.companions)
        if self.metadata is not None and not (isinstance(self.metadata, str) and self.metadata):
            raise must_be("metadata", self.metadata, "the path or URI of a table, or None")
        check_filters(cloth=self.cloth, exclude=self.exclude, gender=self.gender, limit=self.limit, where=self.where)

    def _check_mix(self) -> None:
        if not isinstance(self.mix_by, str) or not self.mix_by:
            raise must_be("mix_by", self.mix_by, "the name of a column, such as 'category'")
        if self.mix_by != DIFFICULTY and not self.difficulty_weights:
            raise ConfigError(
                f"mix_by={self.mix_by!r} needs a weight for each value of that column, such as "
                f"difficulty_weights={{'dresses': 0.5, 'upper_body': 0.5}}."
            )
        for size in sizes_of(self.epoch_size).values():
            if self.mixing == "interleave" and isinstance(size, int):
                raise ConfigError(
                    f"epoch_size={size!r} needs mixing='exact'. With mixing='interleave' allowed are "
                    f"None or 'min' (stop when the first difficulty is exhausted) and 'max' (when all are)."
                )
            epoch_length(dict.fromkeys(self.weights, 1), self.weights, size, self.mix_by)
        if self.difficulty_weights is not None:
            tell_shares(self.difficulty_weights, self.mix_by)

    def epoch_size_of(self, split: str) -> int | str | None:
        """Rows of an epoch of a split; `"min"` of those that are not trained on, if nothing is said."""
        size = sizes_of(self.epoch_size).get(split)
        return "min" if size is None and split != TRAIN else size

    def _check_preparation(self) -> None:
        check_fit(self.image_size, self.aspect)
        check_encoding(self.image_format, self.image_quality)
        if self.image_spec and not self.embed_images:
            raise ConfigError(
                "image_size= and image_format= say how images are stored, and to_srgb= their colours; "
                "embed_images=False stores none. Drop one of the two."
            )


def own_configs() -> list[VTONConfig]:
    """The three that there are."""
    return [
        VTONConfig(
            name=name,
            version=VERSION,
            description=" + ".join(f"{weight:.0%} {difficulty}" for difficulty, weight in recipe.items() if weight),
        )
        for name, recipe in RECIPES.items()
    ]


def check_options(config_name: str | None, options: Mapping[str, Any]) -> None:
    """Refuse names that do not exist, with the nearest that do.

    Raises:
        ConfigError: If the config or an option is unknown.
    """
    if config_name not in RECIPES:
        example = 'Write load_dataset("vton_hf", "hard", split="train", s3_prefixes=[...]).'
        raise must_be("The config's name", config_name, one_of(RECIPES), example)
    for name in ("data_dir", "data_files"):
        if options.get(name) is not None:
            raise ConfigError(f"{name}={options[name]!r} is not used here: s3_prefixes=[...] says where triplets lie.")
    allowed = {field.name for field in fields(VTONConfig)}
    for name in sorted(set(options) - allowed):
        own = sorted(set(RunOptions.names()) | allowed - {field.name for field in fields(datasets.BuilderConfig)})
        raise unknown_option(name, own)


def check_workers(num_proc: int | None) -> int | None:
    """The number of worker processes that build, as an int.

    Raises:
        ConfigError: Unless it is a whole number from 1, or None.
    """
    return None if num_proc is None else check_int("num_proc", num_proc, least=1, or_else="None")
