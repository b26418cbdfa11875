"""A prefix means one folder, however it is written."""

from pathlib import Path

import pytest

from vton_hf.errors import ConfigError
from vton_hf.storage import StorageSettings, resolve_prefix

SETTINGS = StorageSettings(bucket="photos")


@pytest.mark.parametrize(
    ("prefix", "uri"),
    [
        ("s3://b/a/b", "s3://b/a/b/"),
        ("s3://b/a/b/", "s3://b/a/b/"),
        ("s3://b", "s3://b/"),
        ("s3://b/", "s3://b/"),
        ("s3a://b/a", "s3://b/a/"),
        ("S3://b/a", "s3://b/a/"),
        ("s3://b/a//b/../c?d#e f%20", "s3://b/a//b/../c?d#e f%20/"),
        ("s3://b//", "s3://b//"),
        ("easy", "s3://photos/easy/"),
        ("dataset_ultimate/easy/", "s3://photos/dataset_ultimate/easy/"),
        (".hidden/a", "s3://photos/.hidden/a/"),
        ("/data//easy", "file:///data/easy/"),
        ("//data/easy/", "file:///data/easy/"),
        ("/", "file:///"),
        ("file:///data/a b%20", "file:///data/a b%20/"),
        ("gs://b/a", "gs://b/a/"),
        ("memory://a", "memory://a/"),
    ],
)
def test_a_prefix_becomes_the_uri_of_a_folder(prefix: str, uri: str) -> None:
    assert resolve_prefix(prefix, SETTINGS) == uri
    assert resolve_prefix(uri, SETTINGS) == uri


def test_local_folders_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_prefix("./a", SETTINGS) == f"file://{tmp_path}/a/"
    assert resolve_prefix("../a", SETTINGS) == f"file://{tmp_path.parent}/a/"
    assert resolve_prefix(".", SETTINGS) == f"file://{tmp_path}/"
    assert resolve_prefix("~/a", SETTINGS) == "file:///home/me/a/"


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("", "A prefix is empty"),
        ("  ", "A prefix is empty"),
        (Path("/data"), "A prefix is a text, not PosixPath"),
        (None, "A prefix is a text, not NoneType"),
        ("s3://", "'s3://' names no bucket: write s3://BUCKET/."),
        ("s3:///a", "'s3:///a' names no bucket: write s3://BUCKET/a."),
        ("s3://arn:aws:s3:eu-west-1:1:accesspoint/name/a", "use the access point's alias"),
        ("s3://my bucket/a", "bucket='my bucket' is not a bucket's name"),
        ("file://data/a", "'file://data/a' is not absolute"),
    ],
)
def test_a_prefix_that_means_nothing_is_refused(prefix: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_prefix(prefix, SETTINGS)
    assert words in str(caught.value)


def test_a_bare_key_without_a_bucket_says_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_prefix("dataset_ultimate/easy/", StorageSettings())
    assert str(caught.value) == (
        "'dataset_ultimate/easy/' is a key, and no bucket is known. Set S3_BUCKET_NAME, call "
        "vton_hf.configure(bucket=...), pass s3_bucket= to a torch dataset, or write s3://BUCKET/dataset_ultimate/easy/. "
        "A local folder begins with /, ./, ../ or ~."
    )


def test_credentials_in_a_uri_are_refused_and_not_repeated() -> None:
    for prefix in ("s3://KEY:SECRET@bucket/a", "s3://KEY:SECRET/HALF@bucket/a"):
        with pytest.raises(ConfigError, match="Credentials do not belong in a URI") as caught:
            resolve_prefix(prefix, SETTINGS)
        assert "SECRET" not in str(caught.value)
