"""An option has one home: all that lists options is held against the fields of `VTONConfig` and its like."""

import argparse
import ast
import inspect
import re
from dataclasses import fields
from itertools import takewhile
from pathlib import Path
from typing import Any

import datasets
import pytest

import vton_hf
from vton_hf._core import options
from vton_hf.builder import VTONConfig
from vton_hf.builder.run_options import RunOptions
from vton_hf.cli.arguments import parser
from vton_hf.cli.load_options import OPTIONS
from vton_hf.exports import PRESETS
from vton_hf.exports.describe import _RECIPE
from vton_hf.images.encode import DEFAULT_QUALITY
from vton_hf.loader.chosen import BUILDER_OPTIONS, TRANSFORM_OPTIONS
from vton_hf.loader.options import DatasetOptions, SampleOptions
from vton_hf.naming import DIFFICULTIES, GENDERS
from vton_hf.storage import StorageSettings
from vton_hf.transforms.api import TransformOptions

DOCS = Path(__file__).parents[1] / "docs"
OF_DATASETS = {field.name for field in fields(datasets.BuilderConfig)}
FIELDS = {field.name for field in fields(VTONConfig)} - OF_DATASETS
HOW = {"cache_dir", "storage_options"} | {*RunOptions.names()}
"""Options that say how a dataset comes about, not which it is."""


def names(typed: Any) -> set[str]:
    return set(typed.__annotations__)


def parameters(function: Any) -> set[str]:
    found = inspect.signature(function).parameters.values()
    return {each.name for each in found if each.kind is not inspect.Parameter.VAR_KEYWORD} - {"self"}


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (several,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(several.choices)


def arguments(command: str) -> set[str]:
    return {action.dest for action in subcommands()[command]._actions} - {"help"}


def test_load_takes_what_the_config_has() -> None:
    assert names(options.LoadOptions) == FIELDS | HOW | {"features"}
    assert names(options.BuildOptions) == (FIELDS | HOW | {"split", "num_proc"}) - {"shard"}


def test_export_and_push_name_their_own_options() -> None:
    own = parameters(vton_hf.export) - {"directory", "configs", "license", "dry_run"}
    assert names(options.PushOptions) == names(options.BuildOptions) | own


def test_torch_datasets_take_what_is_the_builders_or_the_transforms() -> None:
    assert names(SampleOptions) == {*BUILDER_OPTIONS, *TRANSFORM_OPTIONS}
    assert set(BUILDER_OPTIONS) <= FIELDS | HOW
    transform = parameters(vton_hf.TripletTransform) - {"transform", "store", "rows"}
    assert {*TRANSFORM_OPTIONS} == transform - {"seed"}
    assert names(TransformOptions) == transform | {"storage_options"}
    own = parameters(vton_hf.S3VTONDataset) - {"s3_prefixes", "transform", "s3_bucket"}
    assert names(DatasetOptions) == names(SampleOptions) | own


def test_configure_takes_the_settings_there_are() -> None:
    assert names(options.StorageOptions) == {field.name for field in fields(StorageSettings)} - {"options"}


def test_the_command_line_offers_every_option() -> None:
    spelt = {option: name for name, option in OPTIONS.items()}
    offered = {spelt.get(option, option) for option in FIELDS | HOW}
    # --prefix, --endpoint-url and its like, a --no-, and --ray-address beside --engine
    elsewhere = {"s3_prefixes", "storage_options", "embed_images", "engine"}
    assert offered - elsewhere <= arguments("build")
    assert {"s3_prefix", "endpoint_url", "region", "profile", "anonymous", "no_embed_images", "engine"} <= arguments(
        "build"
    )
    assert set(OPTIONS.values()) == (FIELDS | HOW) - elsewhere


def test_the_card_tells_every_option_that_changes_what_is_in_the_rows() -> None:
    harmless = {"s3_prefixes", "seed", "exclude", "embed_images", "verify", "on_error"}
    assert set(_RECIPE) == FIELDS - harmless


@pytest.mark.parametrize(
    ("choices", "there"),
    [(options.PRESET_NAMES, PRESETS), (options.RECIPES, DIFFICULTIES), (options.get_args(options.Gender), GENDERS)],
    ids=["presets", "recipes", "genders"],
)
def test_choices_are_those_that_there_are(choices: Any, there: Any) -> None:
    assert tuple(choices) == tuple(there)
    assert options.get_args(options.Config) == DIFFICULTIES


def test_every_option_of_the_config_is_described() -> None:
    text = inspect.getdoc(VTONConfig) or ""
    assert [name for name in sorted(FIELDS | {*RunOptions.names()}) if f"\n    {name}: " not in f"\n{text}"] == []


def table(page: str, of: str) -> dict[str, str]:
    """First and second cells of the table whose first head is this."""
    lines = (DOCS / page).read_text(encoding="utf-8").partition(f"| {of} |")[2].splitlines()[2:]
    rows = [line.strip("|").split(" | ") for line in takewhile(lambda line: line.startswith("|"), lines)]
    return {name: cells[0].strip() for names, *cells in rows for name in re.findall(r"`(\w+)`", names)}


def test_the_pages_name_every_option_and_its_default() -> None:
    listed = table("mixing.md", "option")
    assert set(listed) == FIELDS | HOW - {"cache_dir", "storage_options"}
    defaults = {field.name: field.default for of in (VTONConfig, RunOptions) for field in fields(of)}
    defaults["image_quality"] = DEFAULT_QUALITY  # None there: other formats have none
    given = {name: ast.literal_eval(cell.strip("`")) for name, cell in listed.items() if cell.startswith("`")}
    assert given == {name: defaults[name] for name in given}
    assert set(table("storage.md", "setting")) == {field.name for field in fields(StorageSettings)} - {"options"}
