"""Settings are checked at birth, keep secrets to themselves, and come from the right layer."""

import pickle

import pytest

from tests.storage.conftest import KEY, SECRET, TOKEN
from vton_hf.errors import ConfigError
from vton_hf.storage import StorageSettings, configure, is_offline, settings_for


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"anonymous": True, "access_key": KEY}, "access_key was given. Drop access_key for a public bucket, or"),
        ({"access_key": KEY}, "secret_key must stand beside access_key"),
        ({"secret_key": SECRET}, "access_key must stand beside secret_key"),
        ({"session_token": TOKEN}, "access_key and secret_key must stand beside session_token"),
        ({"access_key": f"{KEY}\n", "secret_key": SECRET}, "access_key=*** begins or ends with a blank"),
        ({"timeout": 0}, "timeout must be a number above 0, got 0."),
        ({"deadline": -1.0}, "deadline must be a number above 0, got -1.0."),
        ({"deadline": float("inf")}, "deadline must be a number above 0, got inf."),
        ({"concurrency": True}, "concurrency must be a number above 0, got True."),
        ({"concurrency": 1.5}, "concurrency must be a whole number of objects, got 1.5."),
        ({"anonymous": "yes"}, "anonymous must be True or False, got 'yes'."),
        ({"region": ""}, "region must be a text that is not empty, or None"),
        ({"bucket": "s3://photos"}, "bucket must be letters, digits, '.', '_' and '-', got 's3://photos'."),
        ({"endpoint_url": "localhost:9000"}, "endpoint_url must be http://HOST"),
        ({"endpoint_url": f"http://{KEY}:{SECRET}@host"}, "endpoint_url holds a '@'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        StorageSettings(**settings)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, TOKEN))


def test_settings_show_no_secret_and_pickle() -> None:
    settings = settings_for({"key": KEY, "secret": SECRET, "token": TOKEN, "hidden": {"password": SECRET}})
    assert repr(settings) == (
        "StorageSettings(access_key='***', secret_key='***', session_token='***', options=('hidden',))"
    )
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_call_wins_over_the_process_and_that_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_for() == StorageSettings()
    monkeypatch.setenv("S3_REGION", "env")
    monkeypatch.setenv("S3_BUCKET_NAME", "env-bucket")
    assert settings_for() == StorageSettings(region="env", bucket="env-bucket")
    configure(region="process", bucket="process-bucket", timeout=5)
    assert settings_for() == StorageSettings(region="process", bucket="process-bucket", timeout=5)
    options = {"client_kwargs": {"region_name": "call"}, "bucket": "call-bucket"}
    assert settings_for(options) == StorageSettings(region="call", bucket="call-bucket", timeout=5)
    assert settings_for(options, bucket="nearest").bucket == "nearest"


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("region", ["S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"]),
        ("endpoint_url", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
        ("bucket", ["S3_BUCKET_NAME"]),
    ],
)
def test_the_first_variable_that_is_not_empty_counts(
    monkeypatch: pytest.MonkeyPatch, field: str, names: list[str]
) -> None:
    value = {"endpoint_url": "http://{}"}.get(field, "{}")
    for name in reversed(names):
        monkeypatch.setenv(name, value.format(name))
        assert getattr(settings_for(), field) == value.format(name)
    for name, following in zip(names, [*names[1:], None], strict=True):
        monkeypatch.setenv(name, " ")
        assert getattr(settings_for(), field) == (following and value.format(following))


def test_credentials_of_the_environment_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.setenv(name, "x")
    assert settings_for() == StorageSettings()


def test_configure_adds_up_takes_back_and_resets() -> None:
    configure(access_key=KEY, secret_key=SECRET)
    configure(session_token=TOKEN, region="r")
    assert settings_for() == StorageSettings(access_key=KEY, secret_key=SECRET, session_token=TOKEN, region="r")
    configure(session_token=None)
    assert settings_for() == StorageSettings(access_key=KEY, secret_key=SECRET, region="r")
    configure()
    assert settings_for() == StorageSettings()


def test_configure_refuses_unknown_names_and_nonsense_and_changes_nothing() -> None:
    with pytest.raises(ConfigError) as caught:
        configure(acces_key="x")
    assert str(caught.value) == (
        "Unknown option 'acces_key'. Did you mean 'access_key'? Allowed: access_key, anonymous, bucket, "
        "concurrency, deadline, endpoint_url, profile, region, secret_key, session_token, timeout."
    )
    with pytest.raises(ConfigError, match=r"^secret_key must stand beside access_key"):
        configure(access_key="x", region="r")
    assert settings_for() == StorageSettings()


def test_whoever_asks_in_one_layer_replaces_who_asked_below() -> None:
    configure(access_key=KEY, secret_key=SECRET, session_token=TOKEN, region="r")
    assert settings_for({"anon": True}) == StorageSettings(anonymous=True, region="r")
    assert settings_for({"profile": "p"}) == StorageSettings(profile="p", region="r")
    assert settings_for({"key": "k", "secret": "s"}).session_token is None
    assert settings_for({"anon": False}).access_key == KEY


def test_storage_options_are_read_in_every_spelling_and_never_changed() -> None:
    client = {"region_name": "r", "endpoint_url": "http://h", "verify": False}
    options = {
        "hf": {"token": "hub"},
        "s3": {"key": KEY, "secret": SECRET, "token": TOKEN, "client_kwargs": client},
        "config_kwargs": {"s3": {"addressing_style": "path"}},
        "deadline": 9,
        "profile": None,
    }
    copy = pickle.loads(pickle.dumps(options))
    settings = settings_for(options)
    assert options == copy
    assert settings == StorageSettings(
        access_key=KEY,
        secret_key=SECRET,
        session_token=TOKEN,
        region="r",
        endpoint_url="http://h",
        deadline=9,
        options=(
            ("client_kwargs", {"verify": False}),
            ("config_kwargs", {"s3": {"addressing_style": "path"}}),
        ),
    )
    assert settings_for({"endpoint_url": "http://flat", "client_kwargs": client}).endpoint_url == "http://flat"


def test_storage_options_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ConfigError, match="has 'key' and 'access_key' for one thing: drop one"):
        settings_for({"key": "a", "access_key": "b", "secret": "s"})
    with pytest.raises(ConfigError, match="storage_options must be a dict of options by name, got a list"):
        settings_for(["key"])  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1", "true", "YES", "On"])
def test_offline_is_asked_for_by_its_own_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", text)
    assert not is_offline()
    monkeypatch.setenv("HF_DATASETS_OFFLINE", text)
    assert is_offline()
    for other in ("", "0", "false", "no"):
        monkeypatch.setenv("HF_DATASETS_OFFLINE", other)
        assert not is_offline()
