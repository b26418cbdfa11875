"""A prefix means one folder, however it is written."""

import logging
import pickle
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from vton_hf.errors import ConfigError, LayoutError, StorageError, UnavailableError
from vton_hf.storage import StorageSettings, Store, resolve_prefix
from vton_hf.storage.hints import hint

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
        (None, "A prefix is a text or a Path, not NoneType"),
        ("s3://b/caf\udce9", "'s3://b/caf\\udce9' is not UTF-8. Rename the folder"),
        ("s3://b/a\n", "'s3://b/a\\n' begins or ends with a blank: was a line break copied with it?"),
        ("s3://", "'s3://' names no bucket: write s3://BUCKET/."),
        ("s3:///a", "'s3:///a' names no bucket: write s3://BUCKET/a."),
        ("s3://arn:aws:s3:eu-west-1:1:accesspoint/name/a", "use the access point's alias"),
        ("s3://my bucket/a", "bucket must be letters, digits, '.', '_' and '-', got 'my bucket'."),
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


REGION = "eu-central-1"
KEY = "data/easy/female/initial_image/001_person.png"


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        (f"https://photos.s3.{REGION}.amazonaws.com/data/easy/", "s3://photos/data/easy/"),
        (f"https://photos.s3.{REGION}.amazonaws.com/{KEY}", "s3://photos/data/easy/female/"),
        ("https://photos.s3.amazonaws.com/data/a%20b/", "s3://photos/data/a b/"),
        ("http://my.s3.photos.s3.amazonaws.com/", "s3://my.s3.photos/"),
        (f"https://photos.s3-{REGION}.amazonaws.com/data", "s3://photos/data"),
        (f"https://photos.s3.dualstack.{REGION}.amazonaws.com/data", "s3://photos/data"),
        ("https://photos.s3-accelerate.amazonaws.com/data", "s3://photos/data"),
        ("https://photos.s3.cn-north-1.amazonaws.com.cn/data", "s3://photos/data"),
        (f"https://s3.{REGION}.amazonaws.com/photos/data/", "s3://photos/data/"),
        (f"https://s3-{REGION}.amazonaws.com/photos/data/", "s3://photos/data/"),
        (f"https://s3.dualstack.{REGION}.amazonaws.com/photos/data/", "s3://photos/data/"),
        ("https://s3.amazonaws.com/photos/data/", "s3://photos/data/"),
        (f"photos.s3.{REGION}.amazonaws.com/data", "s3://photos/data"),
        (
            f"https://s3.console.aws.amazon.com/s3/buckets/photos?region={REGION}&prefix=data%2Feasy/",
            "s3://photos/data/easy/",
        ),
        (f"https://{REGION}.console.aws.amazon.com/s3/buckets/photos?prefix=data/easy/", "s3://photos/data/easy/"),
        ("https://storage.googleapis.com/photos/data/", "gs://photos/data/"),
        ("https://acme.blob.core.windows.net/photos/data/", "abfs://photos@acme.dfs.core.windows.net/data/"),
        ("https://server:9000/photos/data/", "s3://photos/data/"),
        ("https://photos.server:9000/data/", "s3://photos/data/"),
        ("arn:aws:s3:::photos/data/", "s3://photos/data/"),
        ("s3n://photos/data/", "s3://photos/data/"),
        ("s3:/photos/data", "s3://photos/data"),
        (Path("s3://photos/data"), "s3://photos/data"),
        ("s3://photos/data/?X-Amz-Signature=0f0e", "s3://photos/data/"),
        ("simplecache::s3://photos/data", "s3://photos/data"),
        ("zip://easy::s3://photos/data/all.zip", "s3://photos/data/"),
    ],
    ids=str,
)
def test_what_other_tools_write_is_refused_with_the_line_to_write_here(prefix: str | Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_prefix(prefix, StorageSettings(bucket="other", endpoint_url="https://server:9000"))
    assert str(caught.value).rstrip(".").partition(": what is fetched")[0].endswith(f" {line}")
    if line.startswith("s3:"):
        assert resolve_prefix(line, SETTINGS) == f"{line.rstrip('/')}/"


@pytest.mark.parametrize(
    ("url", "uri", "endpoint"),
    [
        ("https://s3.fr-par.scw.cloud/photos/a/", "s3://photos/a/", "https://s3.fr-par.scw.cloud"),
        (
            "https://photos.s3.us-west-004.backblazeb2.com/a/",
            "s3://photos/a/",
            "https://s3.us-west-004.backblazeb2.com",
        ),
        ("https://0a1b.r2.cloudflarestorage.com/photos/a/", "s3://photos/a/", "https://0a1b.r2.cloudflarestorage.com"),
        (
            "https://0a.eu.r2.cloudflarestorage.com/photos/a/",
            "s3://photos/a/",
            "https://0a.eu.r2.cloudflarestorage.com",
        ),
        ("https://photos.nyc3.digitaloceanspaces.com/a/", "s3://photos/a/", "https://nyc3.digitaloceanspaces.com"),
        ("http://10.0.0.7:9000/photos/a/?X-Amz-Signature=0f", "s3://photos/a/", "http://10.0.0.7:9000"),
    ],
)
def test_an_address_of_another_store_names_its_endpoint(url: str, uri: str, endpoint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_prefix(url, StorageSettings())
    assert str(caught.value).endswith(f'Write {uri} and storage_options={{"endpoint_url": "{endpoint}"}}.')


@pytest.mark.parametrize(
    "prefix", ["C:\\data", "C:/data", "d:", "\\\\server\\share", PureWindowsPath("C:/data"), "zip://easy"]
)
def test_what_cannot_be_reached_says_what_to_do_first(prefix: str | PureWindowsPath) -> None:
    with pytest.raises(ConfigError, match=r"is a path of Windows\. Write where that is mounted|Unpack it, and write"):
        resolve_prefix(prefix, SETTINGS)
    assert resolve_prefix("zip://easy", StorageSettings(options=(("zip", {"fo": "/a.zip"}),))) == "zip://easy/"


def test_a_dataset_on_the_hub_is_told_apart() -> None:
    with pytest.raises(ConfigError, match=r'loads with load_dataset\("me/vton", "hard"\)'):
        resolve_prefix("https://huggingface.co/datasets/me/vton/tree/main", SETTINGS)


def test_a_path_is_a_local_folder_absolute_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for path in (Path("data/easy"), PurePosixPath("data/easy"), Path("./data/easy"), tmp_path / "data" / "easy"):
        assert resolve_prefix(path, SETTINGS) == f"file://{tmp_path}/data/easy/"
    assert resolve_prefix(Path("~/a"), SETTINGS) == "file:///home/me/a/"


def test_a_bare_key_without_a_bucket_may_be_a_folder_a_file_or_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "x.png").touch()

    def refusal(prefix: str) -> str:
        with pytest.raises(ConfigError, match="no bucket is known") as caught:
            resolve_prefix(prefix, StorageSettings())
        return str(caught.value)

    assert refusal("data/train").endswith(" The local folder of that name is written ./data/train")
    assert refusal("data/x.png").endswith(" write the folder of its triplets: ./data/")
    assert refusal("my-photos/easy").endswith(" If 'my-photos' is the bucket, write s3://my-photos/easy")
    for key in ("dataset_ultimate/easy/", "easy/female", "Photos/a"):
        assert refusal(key).endswith(" A local folder begins with /, ./, ../ or ~.")


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        (f"s3://photos/{KEY}", "that is an image. Write the folder of its triplets: s3://photos/data/easy/female/"),
        (
            "memory://photos/*/female",
            "patterns are not expanded. Write the folders one by one, or the one that holds them all: memory://photos/",
        ),
        ("s3://photos/data/eas?/", "or the one that holds them all: s3://photos/data/"),
        ("s3://photos/data/[a-e]asy/", "or the one that holds them all: s3://photos/data/"),
        ("s3://photos/data.tar.gz", "Unpack it, and write the folder that it leaves: s3://photos/"),
        ("photos/data", "'photos' stands there twice. Write s3://photos/data/, or leave 'photos' out of the key."),
        ("here/data", "The local folder of that name is written ./here/data/"),
        ("hf://datasets/me/vton", 'what vton-hf push sent to the Hub is loaded with load_dataset("me/vton", "hard").'),
        ("nowhere/data", "check the spelling, or drop this prefix."),
        ("http://nowhere/data/", "a web address is no store. Write s3://BUCKET/FOLDER/, and say endpoint_url= where"),
    ],
)
def test_nothing_below_a_prefix_says_what_may_have_been_meant(
    prefix: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert words in hint(resolve_prefix(prefix, SETTINGS))


def test_a_local_prefix_that_is_no_folder_says_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "initial_image"
    folder.mkdir()
    (folder / "001_person.png").touch()
    (tmp_path / "all.zip").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "cafe\u0301").mkdir()
    for name, words in {
        "initial_image/001_person.png": f"that is a file. Write a folder, such as {tmp_path}/",
        "all.zip": f"that is a file. Write a folder, such as {tmp_path}/",
        "link": "that is a link to 'nowhere', which is not there.",
        "caf\u00e9": rf"its name is there in another Unicode form. Write '{tmp_path}/cafe\u0301' (here: '{tmp_path}/caf\xe9')",
        "eas*": f"the one that holds them all: file://{tmp_path}/",
    }.items():
        with pytest.raises(LayoutError) as caught:
            Store(SETTINGS).list([resolve_prefix(tmp_path / name, SETTINGS)])
        assert str(caught.value).startswith(f"No folder {tmp_path}/{name}/: ")
        assert words in str(caught.value)


SIGNED = "https://photos.s3.amazonaws.com/data?X-Amz-Credential=AKIA%2F1&X-Amz-Date=1&X-Amz-Security-Token=T0K&X-Amz-Signature=0f0e"
SECRETS = ("AKIA", "T0K", "0f0e", "s1g", "h1dden")


@pytest.mark.parametrize(
    "text",
    [
        SIGNED,
        SIGNED.replace("&", ";"),
        "https://h/k?AWSAccessKeyId=AKIA1&Expires=1&Signature=s1g%3D",
        "https://acme.blob.core.windows.net/c/k?sv=1&sig=s1g%2B",
        "https://me:h1dden@h/k",
    ],
)
def test_no_error_and_no_log_repeats_what_signs_an_address(text: str, caplog: pytest.LogCaptureFixture) -> None:
    for error in (ConfigError(f"{text!r} is"), StorageError(text), pickle.loads(pickle.dumps(UnavailableError(text)))):
        assert not [secret for secret in SECRETS if secret in f"{error!r} {error} {error.args}"]
    logging.getLogger("vton_hf").warning("of %s", text)
    assert not [secret for secret in SECRETS if secret in caplog.text]
    assert "***" in caplog.text


def test_words_that_only_look_like_a_signature_stay() -> None:
    for text in ("http://127.0.0.1:9000/b/a@b", "design=1", "s3://b/sig/a:b@c.png", "session_token= drop it"):
        assert str(ConfigError(text)) == text
