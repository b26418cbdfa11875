"""Who signs the requests: read off the headers that the store gets."""

from pathlib import Path

import pytest

from tests.faults import BUCKET, FaultServer
from tests.storage.conftest import KEY, SECRET, TOKEN
from vton_hf.errors import ConfigError
from vton_hf.storage import Store, configure, settings_for


def signed_by(faults: FaultServer, **options: object) -> tuple[str, str]:
    """The access key and the session token of one read."""
    faults.objects["a"] = b"a"
    faults.requests.clear()
    store = Store(settings_for({"client_kwargs": {"endpoint_url": faults.url}, **options}))
    assert store.read([f"s3://{BUCKET}/a"]) == [b"a"]
    ((_, headers),) = faults.requests
    key = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
    return key, headers.get("x-amz-security-token", "")


@pytest.fixture
def from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.mark.usefixtures("from_environment")
def test_the_environment_signs(faults: FaultServer) -> None:
    assert signed_by(faults) == (KEY, "")


@pytest.mark.usefixtures("from_environment")
def test_a_session_token_of_the_environment_goes_along(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    assert signed_by(faults) == (KEY, TOKEN)


@pytest.mark.usefixtures("from_environment")
def test_given_keys_win_and_take_no_token_of_the_environment(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    assert signed_by(faults, key="MINE", secret="x") == ("MINE", "")
    configure(access_key="CONFIGURED", secret_key="x", session_token="t")
    assert signed_by(faults) == ("CONFIGURED", "t")
    assert signed_by(faults, s3={"key": "MINE", "secret": "x"}) == ("MINE", "")


@pytest.mark.usefixtures("from_environment")
def test_anonymous_signs_nothing(faults: FaultServer) -> None:
    assert signed_by(faults, anon=True) == ("", "")


def test_profiles_sign_by_name_or_by_environment(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "aws-credentials").write_text(
        "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = x\n"
        "[work]\naws_access_key_id = WORK\naws_secret_access_key = x\n"
    )
    assert signed_by(faults) == ("DEFAULT", "")
    assert signed_by(faults, profile="work") == ("WORK", "")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert signed_by(faults) == ("WORK", "")
    monkeypatch.setenv("AWS_PROFILE", "")
    assert signed_by(faults) == ("DEFAULT", "")


@pytest.mark.usefixtures("from_environment")
def test_keys_of_the_environment_win_over_its_profile(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "")
    assert signed_by(faults) == (KEY, "")


@pytest.mark.usefixtures("from_environment")
def test_the_region_of_the_seed_signs(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_REGION", "eu-central-1")
    signed_by(faults)
    assert f"{KEY}/" in faults.requests[0][1]["authorization"]
    assert "/eu-central-1/s3/" in faults.requests[0][1]["authorization"]


@pytest.mark.parametrize(("wrong", "meant"), [("requester_pay", "requester_pays"), ("regoin", "region")])
def test_an_option_that_s3fs_does_not_know_is_refused(faults: FaultServer, wrong: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        signed_by(faults, anon=True, **{wrong: True})
    assert str(caught.value) == f"storage_options has {wrong!r}, which s3fs does not know. Did you mean {meant!r}?"


def test_common_options_about_caches_and_loops_are_accepted(faults: FaultServer) -> None:
    options = {"use_listings_cache": True, "skip_instance_cache": False, "max_concurrency": 9, "use_ssl": False}
    assert signed_by(faults, anon=True, **options) == ("", "")
    assert len(faults.requests) == 1


@pytest.mark.usefixtures("from_environment")
def test_whoever_pays_for_requests_says_so_with_each(faults: FaultServer) -> None:
    faults.objects |= {f"p/{number}": b"a" for number in range(3)}
    store = Store(settings_for({"client_kwargs": {"endpoint_url": faults.url}, "requester_pays": True}), bulk=True)
    store.list_page([(f"s3://{BUCKET}/p/", "")])
    assert store.read(store.list([f"s3://{BUCKET}/p/"])["uri"].to_pylist()) == [b"a"] * 3
    assert [headers.get("x-amz-request-payer") for _, headers in faults.requests] == ["requester"] * 5
