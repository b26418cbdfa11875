"""The options of the public functions: what each may be, for type checkers, for editors and for `--help`.

Imports nothing but `typing`, so that the command line can print its help at once. What each option means stands in
`vton_hf.VTONConfig`, `vton_hf.TripletTransform` and `vton_hf.export`; tests hold the names here against theirs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeAlias, TypedDict, get_args

Config: TypeAlias = Literal["easy", "medium", "hard"]
Gender: TypeAlias = Literal["female", "male"]
Mixing: TypeAlias = Literal["exact", "interleave"]
EpochSize: TypeAlias = int | Literal["min", "max"] | None
EpochSizes: TypeAlias = EpochSize | Mapping[str, EpochSize]
Splits: TypeAlias = Mapping[str, float] | str | PurePath | None
SplitUnit: TypeAlias = Literal["garment", "person", "both", "triplet", "component"]
SplitBy: TypeAlias = SplitUnit | str | None
Entities: TypeAlias = str | Mapping[str, str] | None
ClothRule: TypeAlias = Literal["first", "each", "error"]
VerifyLevel: TypeAlias = Literal["structure", "decode", "none"]
OnBrokenImage: TypeAlias = Literal["skip", "raise"]
OnBrokenSample: TypeAlias = Literal["replace", "raise", "skip"]
Sync: TypeAlias = Literal["all", "person_target", "none"]
Aspect: TypeAlias = Literal["stretch", "pad", "crop", "catvton"]
ImageFormat: TypeAlias = Literal["png", "png-fast", "jpeg", "webp"]
ListingMode: TypeAlias = Literal["auto", "fresh", "cached"]
LayoutName: TypeAlias = Literal["auto", "vton", "viton-hd", "dresscode", "catvton", "table"]
ExportFormat: TypeAlias = Literal["parquet", "webdataset"]
EngineName: TypeAlias = Literal["ray"]
CheckLevel: TypeAlias = Literal["structure", "decode", "all"]
Pairs: TypeAlias = Literal["paired", "unpaired"]
Preset: TypeAlias = Literal["instruct-pix2pix", "controlnet"]

MIXINGS: Final[tuple[str, ...]] = get_args(Mixing)
CLOTH_RULES: Final[tuple[str, ...]] = get_args(ClothRule)
VERIFY_LEVELS: Final[tuple[str, ...]] = get_args(VerifyLevel)
ON_BROKEN_IMAGE: Final[tuple[str, ...]] = get_args(OnBrokenImage)
ON_BROKEN_SAMPLE: Final[tuple[str, ...]] = get_args(OnBrokenSample)
SYNC: Final[tuple[str, ...]] = get_args(Sync)
ASPECTS: Final[tuple[str, ...]] = get_args(Aspect)
IMAGE_FORMATS: Final[tuple[str, ...]] = get_args(ImageFormat)
LISTING_MODES: Final[tuple[str, ...]] = get_args(ListingMode)
LAYOUTS: Final[tuple[str, ...]] = get_args(LayoutName)
EXPORT_FORMATS: Final[tuple[str, ...]] = get_args(ExportFormat)
CHECK_LEVELS: Final[tuple[str, ...]] = get_args(CheckLevel)
ENGINES: Final[tuple[str, ...]] = get_args(EngineName)
PAIRS: Final[tuple[str, ...]] = get_args(Pairs)
PRESET_NAMES: Final[tuple[str, ...]] = get_args(Preset)

RECIPES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "easy": MappingProxyType({"easy": 1.0}),
        "medium": MappingProxyType({"easy": 0.3, "medium": 0.7}),
        "hard": MappingProxyType({"easy": 0.25, "medium": 0.25, "hard": 0.5}),
    }
)

Prefixes: TypeAlias = str | PurePath | Iterable[str | PurePath]
Exclude: TypeAlias = str | PurePath | Iterable[str]
Columns: TypeAlias = Preset | str | Sequence[str] | Mapping[str, str]


class AnyEngine(Protocol):
    """`vton_hf.RayEngine`, or another that runs units of work."""

    parallel: int
    remote: bool

    def run(self, work: Any, units: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """See `vton_hf.engines.Engine`."""


class TripletOptions(TypedDict, total=False):
    """Which triplets are taken, how they are checked, and where what is built lies."""

    gender: Gender | Sequence[Gender] | None
    limit: int | None
    cloth: ClothRule
    exclude: Exclude | None
    hidden: bool
    default_difficulty: Config | None
    difficulty_of: Mapping[str, Config] | None
    layout: LayoutName | str | PurePath | Mapping[str, Any]
    metadata: str | PurePath | None
    where: Mapping[str, Any] | None
    companions: Sequence[str] | None
    splits: Splits
    split_by: SplitBy
    entities: Entities
    verify: VerifyLevel
    cache_dir: str | PurePath | None
    listing: ListingMode
    retry_skipped: bool
    shared_cache: str | PurePath | None
    engine: EngineName | AnyEngine | None
    allow_missing: bool
    statistics: bool
    image_size: Sequence[int] | None
    aspect: Aspect
    image_format: ImageFormat | None
    image_quality: int | None
    to_srgb: bool


class MixOptions(TripletOptions, total=False):
    """Those, and how triplets are mixed and stored."""

    difficulty_weights: Mapping[str, float] | None
    mix_by: str
    seed: int
    epoch_size: EpochSizes
    mixing: Mixing
    embed_images: bool
    on_error: OnBrokenImage
    storage_options: Mapping[str, Any] | None


class LoadOptions(MixOptions, total=False):
    """Options of `load` and `build`."""

    s3_prefixes: Prefixes
    shard: Sequence[int] | None
    features: Any


class FindOptions(TypedDict, total=False):
    """Which triplets are looked at, and where."""

    gender: Gender | Sequence[Gender] | None
    limit: int | None
    cloth: ClothRule
    exclude: Exclude | None
    hidden: bool
    default_difficulty: Config | None
    difficulty_of: Mapping[str, Config] | None
    layout: LayoutName | str | PurePath | Mapping[str, Any]
    metadata: str | PurePath | None
    where: Mapping[str, Any] | None
    listing: ListingMode
    cache_dir: str | PurePath | None
    storage_options: Mapping[str, Any] | None
    shared_cache: str | PurePath | None
    engine: EngineName | AnyEngine | None


class EvaluationOptions(FindOptions, total=False):
    """Options of `evaluation` beside its own."""

    splits: Splits
    split_by: SplitBy
    entities: Entities


class ValidateOptions(FindOptions, total=False):
    """Options of `validate` beside its own."""

    shard: Sequence[int] | None


class PreviewOptions(FindOptions, total=False):
    """Options of `preview` beside its own."""

    difficulty_weights: Mapping[str, float] | None
    epoch_size: EpochSize


class BuildOptions(MixOptions, total=False):
    """Options of `export` and `push_to_hub` beside their own."""

    s3_prefixes: Prefixes
    split: Any
    num_proc: int | None


class PushOptions(BuildOptions, total=False):
    """Options of `push_to_hub` that it shares with `export`."""

    format: ExportFormat
    columns: Columns | None
    caption: str | None
    max_shard_size: int | str | None


class StorageOptions(TypedDict, total=False):
    """Settings of `configure`; None takes one back."""

    bucket: str | None
    region: str | None
    endpoint_url: str | None
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    profile: str | None
    anonymous: bool | None
    timeout: float | None
    deadline: float | None
    concurrency: int | None
