"""What lies hidden below a prefix is left out, told apart, and taken where it is asked for."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import vton_hf
from tests.bucket import Bucket, Load, png
from tests.triplets.listings import BUCKET, keys_of, left_out, listing, whole
from vton_hf.cli import main
from vton_hf.naming import HIDDEN_FOLDER, HIDDEN_NAME
from vton_hf.triplets import discover, select_triplets

SOUND = whole("data/easy/female/", "001")
FOLDERS = [
    ".Trash-1000",
    ".snapshot",
    ".ipynb_checkpoints",
    ".~tmp",
    "..data",
    "__MACOSX",
    "__",
    "@eaDir",
    "@Recycle",
    "@Recently-Snapshot",
    ".@__thumb",
    "#recycle",
    "#snapshot",
    "~snapshot",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("place", ["data/{}/easy/female/", "data/easy/{}/", "data/easy/female/{}/deep/"])
def test_what_lies_in_a_hidden_folder_is_left_out_and_told_apart(folder: str, place: str) -> None:
    inside = whole(place.format(folder), "001")
    manifest, audit = select_triplets(listing([*SOUND, *inside]), below=[f"{BUCKET}data/"])
    assert keys_of(manifest) == ["easy/female/001"]
    assert left_out(audit) == dict.fromkeys(inside, "hidden")


def test_a_hidden_folder_that_cannot_be_read_is_only_that() -> None:
    _, audit = discover(
        listing([*SOUND, "data/lost+found/"], {"data/lost+found/": (-1, "permission denied")}), below=[f"{BUCKET}data/"]
    )
    assert left_out(audit) == {"data/lost+found/": "hidden"}


@pytest.mark.parametrize("name", ["._001_person.png", ".002_person.png", "Thumbs.db", "desktop.ini", ".DS_Store"])
def test_a_hidden_file_is_left_out(name: str) -> None:
    key = f"data/easy/female/initial_image/{name}"
    manifest, audit = discover(listing([*SOUND, key]), below=[f"{BUCKET}data/"])
    assert (len(manifest), left_out(audit)) == (1, {key: "hidden"})


@pytest.mark.parametrize(
    "key",
    [
        "data/easy_/easy/female/",
        "data/_x/easy/",
        "data/easy.d/easy/",
        "data/@brand/easy/",
        "data/#1/easy/",
        "data/lost+found2/easy/",
        "data/../easy/",
        "data/a__b/easy/",
        "data/thumbs.db.d/easy/",
        "data/thumbs.db/easy/",
    ],
)
def test_names_that_only_look_alike_are_taken(key: str) -> None:
    for stem in ("001", "__001", "a.b", "@eaDir"):
        assert len(discover(listing(whole(key, stem)), below=[f"{BUCKET}data/"])[0]) == 1


@pytest.mark.parametrize("prefix", [".cache/", ".cache/x/", "__x/", "a/@eaDir/__x/", "lost+found/é/.b/"])
def test_a_prefix_may_itself_be_hidden(prefix: str) -> None:
    visible, hidden = whole(f"{prefix}easy/", "001"), whole(f"{prefix}.b/easy/", "002")
    manifest, audit = discover(listing([*visible, *hidden, prefix]), below=[BUCKET + prefix])
    assert keys_of(manifest) == ["easy/001"]
    assert left_out(audit) == dict.fromkeys(hidden, "hidden") | {prefix: "folder marker"}


def test_of_overlapping_prefixes_one_that_reaches_a_key_visibly_is_enough() -> None:
    deep, deeper = whole("data/.old/easy/", "001"), whole("data/.old/.older/easy/", "002")
    table = listing([*SOUND, *deep, *deeper])
    for below in (["data/", "data/.old/"], ["data/.old/", "data/"]):
        _, audit = discover(table, below=[BUCKET + prefix for prefix in below])
        assert left_out(audit) == dict.fromkeys(deeper, "hidden")


def test_what_is_hidden_is_taken_when_it_is_asked_for() -> None:
    assert len(discover(listing([*SOUND, *whole("data/.a/easy/", "001")]))[0]) == 2


def test_only_hidden_triplets_are_an_error_that_says_how_to_take_them() -> None:
    with pytest.raises(vton_hf.LayoutError, match=r"3 keys left out, hidden: .* hidden=True takes it"):
        select_triplets(listing(whole("data/.a/easy/", "001")), below=[f"{BUCKET}data/"])


@pytest.fixture
def littered(bucket: Bucket) -> Bucket:
    """One easy triplet, its twins of macOS, and one in a bin."""
    for key in bucket.add_triplet("easy", "female", "001").values():
        folder, _, name = key.rpartition("/")
        bucket.put(f"{folder}/._{name}", png(name))
        bucket.put(key.replace("female", "female/.Trash-1000"), png(key))
    return bucket


def rows_of_load(bucket: Bucket, cache: Path, **options: bool) -> int:
    return len(vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(cache), **options))


def rows_of_stream(bucket: Bucket, cache: Path, **options: bool) -> int:
    stream = vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(cache), streaming=True, **options)
    return len(list(stream))


def rows_of_torch(bucket: Bucket, cache: Path, **options: bool) -> int:
    return len(vton_hf.S3VTONDataset([bucket.prefix], cache_dir=str(cache), **options))


@pytest.mark.parametrize("door", [rows_of_load, rows_of_stream, rows_of_torch])
def test_every_door_leaves_hidden_keys_out_or_takes_them(
    littered: Bucket, tmp_path: Path, door: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    # The twins of macOS are of the stem `._001`.
    assert (door(littered, tmp_path), door(littered, tmp_path, hidden=True)) == (1, 3)
    assert caplog.messages == []


def test_the_command_line_lists_them_and_takes_them(littered: Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    def scan(*options: str) -> str:
        assert main(["scan", littered.prefix, *options]) == 0
        return capsys.readouterr().out

    facts = json.loads(scan("--json"))
    assert (facts["triplets"], facts["left_out"]) == (1, {"hidden": 6})
    assert scan("--list").count("\nhidden\t") == 6
    facts = json.loads(scan("--json", "--hidden"))
    assert (facts["triplets"], facts["left_out"]) == (3, {})


def test_the_option_keeps_the_cache_directory_of_those_who_do_not_use_it(littered: Bucket, load: Load) -> None:
    builder = vton_hf.VTON(config_name="easy", s3_prefixes=[littered.prefix], hidden=True)
    assert builder.config_id != vton_hf.VTON(config_name="easy", s3_prefixes=[littered.prefix]).config_id
    assert vton_hf.VTON(config_name="easy", s3_prefixes=["/data"]).config_id == "easy-da0d2f13e8be2c70"
    assert len(load("easy")) == 1
    assert len(load("easy", hidden=True)) == 3


def test_python_and_arrow_read_the_patterns_alike() -> None:
    paths = [f"a/{name}/" for name in [*FOLDERS, "a\nb", ".", "..", "é", ".é", "..é", "__\n"]]
    for pattern, texts in ((HIDDEN_FOLDER, paths), (HIDDEN_NAME, [path[2:-1] for path in paths])):
        told = pc.match_substring_regex(pa.array(texts), pattern).to_pylist()
        assert told == [re.search(pattern, text) is not None for text in texts]
