"""An option that makes no sense is refused with what is allowed, before anything is listed."""

import re

import pytest
from datasets import Image, Value, load_dataset

from tests.bucket import Bucket
from vton_hf.builder.config import VTONConfig
from vton_hf.errors import ConfigError, LayoutError
from vton_hf.mixing import RECIPES

NOWHERE = "/no/such/folder/"
OWN = (
    "allow_missing, aspect, cloth, companions, default_difficulty, difficulty_of, difficulty_weights, embed_images, engine, entities, epoch_size, exclude, gender, hidden, "
    "image_format, image_quality, image_size, layout, limit, listing, metadata, mix_by, mixing, on_error, "
    "retry_skipped, s3_prefixes, seed, shard, shared_cache, split_by, splits, statistics, to_srgb, verify, where."
)


def refusal(config: str | None = "hard", **options: object) -> str:
    """What `load_dataset` says; a listing would raise a LayoutError, as there is no such folder."""
    with pytest.raises(ConfigError) as caught:
        load_dataset("vton_hf", config, **{"s3_prefixes": [NOWHERE], "split": "train"} | options)
    return str(caught.value)


def test_right_options_get_as_far_as_the_listing() -> None:
    with pytest.raises(LayoutError, match="No folder /no/such/folder/"):
        load_dataset("vton_hf", "hard", s3_prefixes=[NOWHERE])


@pytest.mark.parametrize("config", ["Hard", "extreme", None])
def test_another_config_is_refused_with_those_there_are(config: str | None) -> None:
    assert refusal(config) == (
        f"The config's name must be 'easy', 'medium' or 'hard', got {config!r}. "
        f'Write load_dataset("vton_hf", "hard", split="train", s3_prefixes=[...]).'
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("s3_prefix", " Did you mean 's3_prefixes'?"),
        ("epochsize", " Did you mean 'epoch_size'?"),
        ("genders", " Did you mean 'gender'?"),
        ("transform", ""),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_there_is(name: str, hint: str) -> None:
    assert refusal(**{name: 1}) == f"Unknown option {name!r}.{hint} Allowed: {OWN}"


@pytest.mark.parametrize("prefixes", [None, []])
def test_a_dataset_needs_a_prefix(prefixes: list[str] | None) -> None:
    assert refusal(s3_prefixes=prefixes) == (
        f"s3_prefixes={prefixes!r}: name at least one place to look for triplets, such as "
        f"s3_prefixes=['s3://bucket/dataset_ultimate/']."
    )


@pytest.mark.parametrize(
    ("prefixes", "text"),
    [
        ("", "A prefix is empty"),
        (["  "], "A prefix is empty"),
        ([b"/data"], "A prefix is a text or a Path, not bytes"),
        (["dataset_ultimate/"], "'dataset_ultimate/' is a key, and no bucket is known. Set S3_BUCKET_NAME"),
        (["s3://"], "'s3://' names no bucket"),
    ],
)
def test_a_prefix_that_says_no_place_is_refused(prefixes: object, text: str) -> None:
    assert refusal(s3_prefixes=prefixes).startswith(text)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("mixing", "'exact' or 'interleave'"),
        ("cloth", "'first', 'each' or 'error'"),
        ("verify", "'structure', 'decode' or 'none'"),
        ("on_error", "'skip' or 'raise'"),
        ("image_format", "'png', 'png-fast', 'jpeg', 'webp' or None"),
        ("aspect", "'stretch', 'pad', 'crop' or 'catvton'"),
    ],
)
@pytest.mark.parametrize("value", ["", "Exact", 1, ["first"]])
def test_a_choice_is_one_of_those_there_are(name: str, allowed: str, value: object) -> None:
    assert refusal(**{name: value}).startswith(f"{name} must be {allowed}, got {value!r}.")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seed": -1}, "seed must be a whole number from 0, got -1."),
        ({"seed": 1.5}, "seed must be"),
        ({"seed": True}, "seed must be"),
        ({"seed": "0"}, "seed must be"),
        ({"embed_images": "no"}, "embed_images must be True or False, got 'no'."),
        ({"embed_images": 0}, "embed_images must be"),
        ({"hidden": "yes"}, "hidden must be True or False, got 'yes'."),
        (
            {"default_difficulty": "Hard"},
            "default_difficulty must be 'easy', 'medium' or 'hard', got 'Hard'. Did you mean 'hard'?",
        ),
        (
            {"difficulty_of": {"dresses": "heard"}},
            "difficulty_of['dresses'] must be 'easy', 'medium' or 'hard', got 'heard'. Did you mean 'hard'?",
        ),
        (
            {"difficulty_of": {"a/b": "hard"}},
            "difficulty_of must be {folder's name, without slashes: difficulty}, got {'a/b': 'hard'}.",
        ),
        (
            {"difficulty_of": "hard"},
            "difficulty_of must be {folder: difficulty}, such as {'dresses': 'hard'}, or None, got 'hard'.",
        ),
        ({"image_size": (0, 5)}, "image_size must be (height, width) in pixels, or None, got (0, 5)."),
        ({"image_size": 512}, "image_size must be"),
        ({"image_size": (5, 5.0)}, "image_size must be"),
        ({"image_size": (5, 5), "embed_images": False}, "image_size= and image_format= say how images are stored,"),
        (
            {"to_srgb": True, "embed_images": False},
            "image_size= and image_format= say how images are stored, and to_srgb=",
        ),
        ({"to_srgb": 1}, "to_srgb must be True or False, got 1."),
        ({"aspect": "crop"}, "aspect='crop' needs a size to fit images to. Add image_size=(height, width)"),
        ({"image_format": "jpeg", "image_quality": 101}, "image_quality must be a whole number"),
        ({"image_format": "webp", "image_quality": True}, "image_quality must be"),
        (
            {"image_format": "png", "image_quality": 90},
            "image_quality=90 is for image_format='jpeg' and 'webp'; image_f",
        ),
        (
            {"image_size": (5, 5), "image_quality": 90},
            "image_quality=90 is for image_format='jpeg' and 'webp'; image_f",
        ),
        ({"mixing": "interleave", "epoch_size": 5}, "epoch_size=5 needs mixing='exact'. With mixing='interleave'"),
        ({"difficulty_weights": {}}, "Weights must be {difficulty: weight} of easy, medium, hard, got {}."),
        ({"difficulty_weights": {"eazy": 1}}, "Weights must be {difficulty: weight}"),
        ({"difficulty_weights": [1, 2]}, "Weights must be {difficulty: weight}"),
        ({"difficulty_weights": {"easy": 0}}, "Weights must be above 0 for at least one difficulty, got {'easy': 0}."),
        ({"difficulty_weights": {"easy": -1}}, "The weight of 'easy' must be a finite number from 0, got -1."),
        (
            {"difficulty_weights": {"easy": float("nan")}},
            "The weight of 'easy' must be a finite number from 0, got nan.",
        ),
        ({"difficulty_weights": {"easy": "1"}}, "The weight of 'easy' must be a finite number from 0, got '1'."),
    ],
    ids=str,
)
def test_a_value_that_makes_no_sense_is_refused(options: dict[str, object], text: str) -> None:
    assert refusal(**options).startswith(text)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"gender": "Female"}, "gender must be 'female', 'male', or None for all, got 'Female'."),
        ({"gender": []}, "gender must be"),
        ({"limit": 0}, "limit must be None for all or a whole number from 1, got 0."),
        ({"limit": "3"}, "limit must be"),
        ({"epoch_size": "all"}, "epoch_size must be None, 'min', 'max' or a whole number from 1, got 'all'."),
        ({"epoch_size": 0}, "epoch_size must be"),
        ({"epoch_size": 1.5}, "epoch_size must be"),
        ({"epoch_size": "all", "mixing": "interleave"}, "epoch_size must be"),
        ({"exclude": "no/such/file"}, "exclude='no/such/file' cannot be read as a file (No such file or directory)."),
        ({"exclude": [7]}, "exclude= takes keys as strings, but holds 7."),
        ({"exclude": 7}, "exclude must be"),
        ({"s3_prefixes": 7}, "s3_prefixes=7"),
    ],
    ids=str,
)
def test_what_the_listing_would_be_filtered_by_is_refused_before_it(options: dict[str, object], text: str) -> None:
    assert refusal(**options).startswith(text)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (
            {"person": Value("string")},
            "features= names the column 'person', which does not exist. Allowed: initial_image, cloth_image, try_on_image, ",
        ),
        ({"stem": Value("int64")}, "features= wants 'stem' as Value('int64'), but it is stored as Value('string')."),
        ({"stem": Image()}, "features= wants 'stem' as Image("),
    ],
    ids=lambda wanted: str(next(iter(wanted))) if isinstance(wanted, dict) else "",
)
def test_features_that_are_stored_otherwise_are_refused(wanted: dict[str, object], text: str) -> None:
    from datasets import Features

    assert refusal(features=Features(wanted), layout="vton").startswith(text)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_config_weighs_as_its_recipe_says_or_as_it_is_told(name: str) -> None:
    assert {pool: weight for pool, weight in VTONConfig(name=name).weights.items() if weight} == RECIPES[name]
    assert VTONConfig(name=name, difficulty_weights={"hard": 3, "easy": 1}).weights == {
        "easy": 0.25,
        "medium": 0.0,
        "hard": 0.75,
    }


def test_one_prefix_may_be_written_without_a_list(bucket: Bucket) -> None:
    bucket.fill({"easy": 1}, genders=("female",))
    rows = load_dataset("vton_hf", "easy", split="train", s3_prefixes=bucket.prefix)
    assert rows["key"][:] == ["easy/female/000"]
    assert VTONConfig(name="easy", s3_prefixes="a").prefixes == VTONConfig(name="easy", s3_prefixes=("a",)).prefixes


def test_every_option_is_explained() -> None:
    doc = VTONConfig.__doc__ or ""
    assert [name for name in OWN.rstrip(".").split(", ") if not re.search(rf"^\s+{name}: ", doc, re.MULTILINE)] == []
