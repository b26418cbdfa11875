"""`vton-hf`: what it prints, how it fails, and that it never shows a traceback for what a user did."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import datasets
import pytest

from tests.bucket import Bucket
from tests.s3 import BUCKET, MotoS3
from vton_hf import __version__
from vton_hf.cli import main

BIN = Path(sys.executable).parent
SCRIPT = Path(__file__).parents[2] / "builder" / "vton.py"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Runs one command in this process."""

    def run(*arguments: object) -> Outcome:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's own way out
            code = int(stop.code or 0)
        return Outcome(code, *capsys.readouterr())

    yield run
    logging.getLogger("vton_hf").handlers.clear()


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    """3 triplets of each difficulty and gender, and one key that is none."""
    bucket.fill(3)
    bucket.put("dataset_ultimate/easy/notes.txt", b"x")
    return bucket


@pytest.mark.parametrize("command", [[BIN / "vton-hf"], [sys.executable, SCRIPT]], ids=["vton-hf", "builder/vton.py"])
def test_it_starts_as_a_program(command: list[object]) -> None:
    done = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("usage: vton-hf ")
    assert done.stderr == ""


def test_the_script_builds(filled: Bucket, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "easy", "--s3-prefix", filled.prefix, "--cache-dir", tmp_path],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("easy: 6 rows\n")


def test_it_says_its_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"vton-hf {__version__}\n", "")


@pytest.mark.parametrize("command", ["doctor", "scan", "plan", "build", "demo", "cache"])
def test_every_command_explains_itself_with_an_example(cli: Cli, command: str) -> None:
    assert re.search(rf"^    {command} +[a-z]", cli("--help").out, re.MULTILINE)
    code, out, _ = cli(command, "--help")
    assert code == 0
    assert re.search(rf"^example: vton-hf {command} \S", out, re.MULTILINE)


def test_a_scan_counts_the_bucket_and_tells_of_the_rest(cli: Cli, filled: Bucket) -> None:
    code, out, err = cli("scan", filled.prefix)
    assert code == 0
    *counts, layout, told, advice, more = out.split("\n\n")
    assert [line.split() for line in "\n\n".join(counts).splitlines()] == [
        ["difficulty", "female", "male", "triplets", "size"],
        *([name, "3", "3", "6", "11.9", "kB"] for name in ("easy", "medium", "hard")),
        ["all", "9", "9", "18", "35.6", "kB"],
        [],
        ["left", "out", "keys", "triplets"],
        ["unknown", "name", "1", "-"],
    ]
    folders = "initial_image/, cloth_image/ and try_on_image/ below 6 folders"
    assert layout == f"Layout 'vton' ({folders})."
    assert told.startswith("1 key left out, unknown name: the key names no image of a triplet (first: file://")
    assert advice == "--list lists every key."
    assert more == "`vton-hf validate` opens the images and says what is wrong with them.\n"
    assert "left out" not in err, "it is said already"
    assert "\nNothing was left out.\n" in cli("scan", f"{filled.prefix}hard/").out


def test_a_scan_lists_what_is_left_out(cli: Cli, filled: Bucket) -> None:
    filled.drop("dataset_ultimate/hard/male/try_on_image/000_vton.png")
    lines = cli("scan", filled.prefix, "--list").out.splitlines()
    folder = f"{filled.prefix}hard/male/"
    assert [line.split("\t") for line in lines if "\t" in line] == [
        ["incomplete", f"{folder}cloth_image/000_cloth_dress.png", "missing try_on_image"],
        ["incomplete", f"{folder}initial_image/000_person.png", "missing try_on_image"],
        ["unknown name", f"{filled.prefix}easy/notes.txt"],
    ]


def test_a_scan_prints_nothing_but_json_when_asked(cli: Cli, filled: Bucket) -> None:
    facts = json.loads(cli("scan", filled.prefix, "--json", "--gender", "male", "--limit", "2").out)
    assert (facts["triplets"], facts["images"], facts["left_out"]) == (6, 18, {"unknown name": 1})
    assert facts["difficulties"]["hard"]["genders"] == {"male": 2}


def test_a_scan_heeds_an_exclude_file(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    names = tmp_path / "exclude.txt"
    names.write_text("# blurred\neasy/male/000\n")
    facts = json.loads(cli("scan", filled.prefix, "--json", "--exclude", names).out)
    assert (facts["triplets"], facts["left_out"]["excluded"]) == (17, 3)


def test_a_plan_says_what_a_mix_holds_and_costs(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    code, out, _ = cli("plan", "medium", filled.prefix, "--cache-dir", tmp_path)
    assert code == 0
    assert out.startswith("medium: 12 rows an epoch\n\ndifficulty  weight  available  asked  got  repeats  coverage\n")
    assert re.search(r"^To fetch: 36 objects, 23\.8 kB$", out, re.MULTILINE)
    assert re.search(rf"^Disk: .* needed, .*B free in {tmp_path}$", out, re.MULTILINE)
    assert re.search(
        r"^Time: +about \d+ s( to \d+ s)?, at the rate at which 12 triplets were fetched", out, re.MULTILINE
    )
    assert not list(tmp_path.glob("vton_hf/chunks/*"))
    assert "(images are fetched on access)" in cli("plan", "medium", filled.prefix, "--no-embed-images").out


def test_a_plan_whose_sample_cannot_be_used_knows_no_time(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    for key in bucket.add_triplet("easy", "male", "001").values():
        bucket.put(key, b"<html>")
    code, out, _ = cli("plan", "easy", bucket.prefix, "--cache-dir", tmp_path)
    assert code == 0
    assert "\nTime:     not known: of a few triplets that were fetched none can be used\n" in out


def test_a_plan_in_json_costs_nothing_once_it_is_built(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    plan = ["plan", "hard", filled.prefix, "--cache-dir", tmp_path, "--json", "--weights", "easy=1,hard=1"]
    before = json.loads(cli(*plan).out)
    assert (before["config"], before["rows"], before["requests"]) == ("hard", 12, 36)
    assert [share["asked"] for share in before["difficulties"]] == [6, 0, 6]
    assert before["disk_needed"] >= before["bytes"] > 0
    assert 0 < before["seconds"][0] <= before["seconds"][1]
    assert cli("build", "hard", filled.prefix, "--cache-dir", tmp_path).code == 0
    after = json.loads(cli(*plan).out)
    assert (after["requests"], after["bytes"], after["seconds"], after["disk_needed"]) == (0, 0, None, 0)


def test_a_second_build_fetches_nothing(
    cli: Cli, s3: MotoS3, monkeypatch: pytest.MonkeyPatch, bucket: Bucket, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("S3_BUCKET_NAME", BUCKET)
    keys = bucket.add_triplet("easy", "female", "001").values()
    for key in keys:
        s3.put(BUCKET, key, (bucket.folder / key).read_bytes())
    build = ["build", "easy", "dataset_ultimate/", "--endpoint-url", s3.url, "--region", "us-east-1"]
    first = cli(*build, "--cache-dir", tmp_path)
    assert first.code == 0
    assert s3.gets() == dict.fromkeys(keys, 1)
    s3.reset_counts()
    second = cli(*build, "--cache-dir", tmp_path)
    assert second.code == 0
    cache = f"Cache: {tmp_path}"
    assert second.out == first.out.replace(cache, f"{cache} (nothing was fetched, all was there)")
    assert not s3.gets()


def test_a_build_says_what_it_mixed_and_left_out(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    broken = filled.put("dataset_ultimate/easy/male/initial_image/000_person.png", b"<html>")
    code, out, err = cli("build", "easy", filled.prefix, "--cache-dir", tmp_path)
    assert code == 0
    assert out.startswith("easy: 5 rows\n\ndifficulty  weight  asked  got  female  male  repeats\n")
    assert f"left out\teasy/male/000\t{broken}\tnot a PNG, JPEG or WebP image: begins with b'<html>'" in out
    assert f"\nCache: {tmp_path}\n" in out
    assert "1 triplet was left out while building" in err
    code, _, err = cli("build", "easy", filled.prefix, "--cache-dir", tmp_path, "--on-error", "raise")
    assert code == 1
    assert err.splitlines()[-1].startswith("vton-hf: error: Broken images: easy/male/000: not a PNG")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--gender", "male", "--weights", "easy=1,hard=3", "--seed", "0", "--epoch-size", "min", "--limit", "2"],
        ["--image-size", "8x6", "--aspect", "pad", "--image-format", "jpeg", "--exclude", '{tmp}/it\'s "out".txt'],
        ["--no-embed-images", "--listing", "fresh", "--hidden", "--anonymous", "--region", "eu-west-1"],
    ],
    ids=lambda options: " ".join(options[:1]),
)
def test_a_build_ends_with_the_line_that_loads_it(
    cli: Cli, filled: Bucket, tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'it\'s "out".txt').write_text("hard/male/000\n")
    options = [option.format(tmp=tmp_path) for option in options]
    built = cli("build", "hard", filled.prefix, *options, "--cache-dir", tmp_path / "cache")
    assert built.code == 0
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    rows = eval(built.out.splitlines()[-1], {"load_dataset": datasets.load_dataset})
    assert built.out.startswith(f"hard: {len(rows)} rows\n")
    assert "retry_skipped" not in built.out.splitlines()[-1]
    assert "listing" not in built.out.splitlines()[-1]


def test_the_cache_is_a_list_of_datasets(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    here = ("--cache-dir", tmp_path)
    cli("build", "hard", filled.prefix, "--seed", "7", *here)
    cli("build", "easy", f"{filled.prefix}easy/", "--gender", "male", *here)
    cli("build", "medium", filled.prefix, "--no-embed-images", "--epoch-size", "min", *here)
    cli("build", "easy", filled.prefix, "--mixing", "interleave", *here)
    found = json.loads(cli("cache", "--json", *here).out)
    assert [(each["config"], each["rows"], each["options"]) for each in found["datasets"]] == [
        ("easy", None, ["mixing=interleave"]),
        ("medium", 9, ["epoch_size=min", "embed_images=False"]),
        ("easy", 3, ["gender=male"]),
        ("hard", 18, ["seed=7"]),
    ]
    assert found["datasets"][2]["prefixes"] == [f"{filled.prefix}easy/"]
    assert found["bytes"] > found["datasets"][3]["bytes"] > found["datasets"][2]["bytes"] > 6000
    assert (found["unused"], found["deleted"]) == ({"entries": 0, "bytes": 0}, 0)
    cli("build", "hard", filled.prefix, "--seed", "7", "--endpoint-url", "http://h", *here)
    assert len(json.loads(cli("cache", "--json", *here).out)["datasets"]) == 5
    lines = cli("cache", *here).out.splitlines()
    assert len(lines) == 3 + 1 + 4 + 1, "which store was asked how is no other dataset"
    assert re.fullmatch(r"config +rows +size +last used  prefixes and options", lines[3])
    assert re.fullmatch(rf"hard +18 +[\d.]+ kB +[-\d]+ [\d:]+  {re.escape(filled.prefix)} seed=7", lines[4])


def test_the_cache_is_found_by_what_a_build_calls_it_and_by_its_own_folder(
    cli: Cli, filled: Bucket, tmp_path: Path
) -> None:
    built = cli("build", "easy", filled.prefix, "--cache-dir", tmp_path / "here").out
    (said,) = re.findall(r"^Cache: (.*)$", built, re.MULTILINE)
    first, *rest = cli("cache", "--cache-dir", said).out.splitlines()
    assert re.fullmatch(rf"{tmp_path}/here: [2-9] entries, [\d.]+ kB", first)
    assert cli("cache", "--cache-dir", f"{said}/vton_hf").out.splitlines() == [first, *rest]
    there = tmp_path / "there"
    empty = [f"{there}: nothing was built here", "Used by no dataset: 0, 0 B"]
    assert cli("cache", "--cache-dir", there).out.splitlines() == empty
    assert not there.exists()


def test_a_dataset_is_used_when_it_is_loaded(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    for config in ("hard", "easy"):
        cli("build", config, filled.prefix, "--cache-dir", tmp_path)
    for record in tmp_path.glob("vton_hf/*/*/vton_hf-*.json"):
        os.utime(record, (1e9, 1e9))
        told = json.loads(record.read_text())
        del told["about"]  # as earlier versions wrote it
        record.write_text(json.dumps(told))
        os.utime(record, (1e9, 1e9))
    found = json.loads(cli("cache", "--json", "--cache-dir", tmp_path).out)["datasets"]
    assert sorted(each["config"] for each in found) == ["easy", "hard"]
    assert {each["last_used"][:4] for each in found} == {"2001"}
    assert {each["rows"] for each in found} == {None}
    datasets.load_dataset("vton_hf", "hard", split="train", s3_prefixes=[filled.prefix], cache_dir=str(tmp_path))
    newest, oldest = json.loads(cli("cache", "--json", "--cache-dir", tmp_path).out)["datasets"]
    assert (newest["config"], newest["rows"], newest["prefixes"]) == ("hard", 18, [filled.prefix])
    assert oldest["last_used"][:4] == "2001"


def test_pruning_deletes_what_a_changed_bucket_left_behind(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    build = ["build", "easy", filled.prefix, "--cache-dir", tmp_path]
    assert cli("cache", "--cache-dir", tmp_path).out.splitlines()[1] == "Used by no dataset: 0, 0 B"
    cli(*build)
    assert cli("cache", "--cache-dir", tmp_path).out.splitlines()[1] == "Used by no dataset: 0, 0 B"
    filled.drop("dataset_ultimate/easy/male/initial_image/000_person.png")
    cli(*build)
    out = cli("cache", "--cache-dir", tmp_path, "--list").out
    assert re.search(r"^Used by no dataset: 2, [\d.]+ kB\n", out, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ kB +\S*easy-male\S*$", out, re.MULTILINE)
    assert out.endswith("\n`vton-hf cache --prune` deletes them.\n")
    assert cli("cache", "--cache-dir", tmp_path, "--prune").out.endswith("\nDeleted 2.\n")
    assert cli("cache", "--cache-dir", tmp_path).out.splitlines()[1] == "Used by no dataset: 0, 0 B"
    assert cli(*build).out.startswith("easy: 5 rows\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scan", "{tmp}/nowhere"], 1, "No folder {tmp}/nowhere/: check the spelling, or drop this prefix."),
        (["scan", "{tmp}/empty"], 1, "No object under file://{tmp}/empty/"),
        (["build", "hard", "{tmp}/lone"], 1, "No complete triplet among 1 key. Expected"),
        (["build", "hard", "{bucket}/easy"], 1, "No samples available for difficulty 'medium'; found"),
        (
            ["scan", "dataset_ultimate/"],
            2,
            "'dataset_ultimate/' is a key, and no bucket is known. Set S3_BUCKET_NAME, or write s3://",
        ),
        (["plan", "hard", "{bucket}", "--limit", "0"], 2, "--limit must be a whole number from 1, got 0."),
        (["plan", "hard", "{bucket}", "--epoch-size", "big"], 2, "--epoch-size must be 'min', 'max' or a whole number"),
        (
            ["plan", "hard", "{bucket}", "--weights", "eazy=1"],
            2,
            "Weights must be like easy=1,hard=3, of easy, medium, hard, got {{'eazy': 1.0}}.",
        ),
        (["plan", "hard", "{bucket}", "--exclude", "no.txt"], 2, "--exclude 'no.txt' cannot be read as a file"),
        (["plan", "hard", "{bucket}", "--endpoint-url", "x"], 2, "--endpoint-url must be http"),
        (["plan", "hard", "{bucket}", "--image-size", "0x5"], 2, "--image-size must be HxW in pixels, got 0x5."),
        (
            ["plan", "hard", "{bucket}", "--aspect", "pad"],
            2,
            (
                "--aspect 'pad' needs a size to fit images to. Add "
                "--image-size HxW, such as --image-size 1024x768, or leave --aspect out."
            ),
        ),
        (
            ["plan", "hard", "{bucket}", "--image-quality", "50", "--image-format", "png"],
            2,
            "--image-quality 50 is for --image-format 'jpeg' and 'webp'; --image-format 'png' keeps every pixel.",
        ),
        (
            ["plan", "hard", "{bucket}", "--no-embed-images", "--to-srgb"],
            2,
            (
                "--image-size and --image-format say how "
                "images are stored, and --to-srgb their colours; --no-embed-images stores none."
            ),
        ),
        (["plan", "hard", "{bucket}", "--listing", "cached"], 1, "--listing 'cached', but no listing of"),
        (
            ["export", "{tmp}/x", "{bucket}", "--caption", "x"],
            2,
            (
                "--caption 'x' is given, yet no column shows it. Add "
                "one, such as --columns 'text=caption,...', or leave --caption out."
            ),
        ),
        (["export", "{tmp}/x", "{bucket}", "--configs", "hrad"], 2, "--configs must be one or more of"),
        (["build", "hard", "{bucket}", "--shard", "9/8"], 2, "--shard must be i/n with 0 <= i < n, got 9/8. The first"),
        (["export", "", "{bucket}"], 2, "DIR must be a folder"),
        (["push", "team", "{bucket}"], 2, "REPO must be 'user/name'"),
        (
            ["export", "{tmp}/x", "{bucket}", "--mixing", "interleave", "--no-embed-images"],
            2,
            "--mixing 'interleave' mixes what is built: here it does not go with --no-embed-images.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_one_line_that_says_what_to_do(
    cli: Cli, filled: Bucket, arguments: list[str], code: int, message: str
) -> None:
    tmp = filled.folder.parent
    Bucket(tmp / "lone").put("easy/initial_image/001_person.png", b"x")
    (tmp / "empty").mkdir()
    places = {"tmp": tmp, "bucket": f"{filled.folder}/dataset_ultimate"}
    found, out, err = cli(*(argument.format(**places) for argument in arguments))
    assert (found, out) == (code, "")
    assert err.splitlines()[-1].startswith(f"vton-hf: error: {message.format(**places)}")
    assert err.count("vton-hf: error: ") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["look"], "invalid choice: 'look'"),
        (["plan", "extreme", "/x"], "argument MIX: invalid choice: 'extreme' (choose from 'easy', 'medium', 'hard')"),
        (["build", "./x/", "hard"], "argument MIX: './x/' is no mix: easy, medium or hard stands before PREFIX"),
        (["build"], "required: MIX (easy, medium or hard; it stands before PREFIX and --s3-prefix)"),
        (["build", "--s3-prefix", "./x/", "hard"], "it stands before PREFIX and --s3-prefix)"),
        (["scan"], "vton-hf scan: error: PREFIX is missing. Write where the triplets lie, such as s3://"),
        (["build", "hard"], "vton-hf build: error: PREFIX is missing."),
        (["export", "s3://b/x/"], "vton-hf export: error: PREFIX is missing."),
        (["build", "hard", "/x", "--image_size", "8x6"], "unknown option --image_size. Did you mean '--image-size'?"),
        (["build", "hard", "--difficulty_weights=a", "/x"], "--difficulty_weights. Did you mean '--weights'?"),
        (["export", "x", "/x", "--licence", "x"], "'--license'? vton-hf export --help lists them."),
        (["scan", "--json", "/x", "--list", "/y"], "unrecognized arguments: /y"),
        (["plan", "hard", "/x", "--limit", "few"], "argument --limit: invalid int value: 'few'"),
        (["plan", "hard", "/x", "--weights", "easy"], "'easy' is not written like easy=0.1,medium=0.4,hard=0.5"),
        (["build", "hard", "/x", "--image-size", "256"], "'256' is not written like 256x192 (height x width)"),
        (["scan", "/x", "--gender", "both"], "argument --gender: invalid choice: 'both'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_refused_with_its_usage(cli: Cli, arguments: list[str], message: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: vton-hf")
    assert message in err.splitlines()[-1]


def test_warnings_name_options_as_they_are_written_here(cli: Cli, filled: Bucket, tmp_path: Path) -> None:
    key = filled.add_triplet("easy", "male", "001")["cloth_image"]
    filled.put(key.replace("_cloth_", "_cloth_a"), (filled.folder / key).read_bytes())
    filled.put("dataset_ultimate/easy/.trash/001_person.png", b"x")
    assert "--cloth 'each' takes all garments" in cli("plan", "easy", filled.prefix, "--cache-dir", tmp_path).err
    said = cli("scan", filled.prefix).out
    assert "--cloth 'each' makes a triplet of each" in said
    assert "; --hidden takes it" in said
    odd = f"{filled.folder}/limit=3"
    assert cli("scan", odd).err == f"vton-hf: error: No folder {odd}/: check the spelling, or drop this prefix.\n"


def test_options_may_stand_before_the_prefix(cli: Cli, filled: Bucket) -> None:
    assert cli("plan", "hard", "--json", filled.prefix).code == 0
