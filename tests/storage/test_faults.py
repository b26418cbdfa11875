"""Each fault has its own words, names what was asked, and shows no secret."""

import importlib
import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import BUCKET, FaultServer, Status
from tests.storage.conftest import KEY, SECRET, TOKEN, Faulty
from vton_hf.errors import AccessError, StorageError
from vton_hf.storage import Store, failures, settings_for

URI = f"s3://{BUCKET}/p/a.png"
PREFIX = f"s3://{BUCKET}/p/"
LEAK = f"key {KEY} secret {SECRET} token {TOKEN}"

REFUSALS = {
    "InvalidAccessKeyId": (403, "the store does not know the access key (InvalidAccessKeyId). Check access_key="),
    "SignatureDoesNotMatch": (403, "the secret does not fit the access key (SignatureDoesNotMatch)."),
    "ExpiredToken": (400, "the credentials have expired (ExpiredToken). Fetch new ones (aws sso login"),
    "ExpiredTokenException": (400, "the credentials have expired (ExpiredTokenException)."),
    "InvalidToken": (400, "the session token is not valid (InvalidToken)."),
    "RequestTimeTooSkewed": (403, "this machine's clock is too far from the store's (RequestTimeTooSkewed)."),
    "AccessDenied": (403, "the store refused (AccessDenied). The credentials need s3:"),
    "IllegalLocationConstraint": (400, "lies in another region (IllegalLocationConstraint). Set S3_REGION"),
}


def both(store: Store) -> list[Callable[[], object]]:
    def read() -> object:
        (body,) = store.read([URI])
        if isinstance(body, StorageError):  # a single object that is denied is an error in its place
            raise body
        return body

    return [lambda: store.list([PREFIX]), read]


@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_has_its_own_words(faults: FaultServer, faulty: Faulty, code: str) -> None:
    status, words = REFUSALS[code]
    faults.always("*", Status(status, code, LEAK, extra=f"<AWSAccessKeyId>{KEY}</AWSAccessKeyId>"))
    for ask, asked in zip(both(faulty()), [f"Cannot list {PREFIX}: ", f"Cannot read {URI}: "], strict=True):
        with pytest.raises(AccessError) as caught:
            ask()
        assert str(caught.value).startswith(asked)
        assert words in str(caught.value)
    assert len(faults.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Status(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-3"}),
        Status(400, "AuthorizationHeaderMalformed", extra="<Region>eu-west-3</Region>"),
    ],
    ids=lambda answer: answer.code,
)
def test_a_wrong_region_names_the_right_one(faults: FaultServer, faulty: Faulty, answer: Status) -> None:
    faults.always("*", answer)
    for ask in both(faulty()):
        with pytest.raises(AccessError, match=r"lies in another region .*, the store says 'eu-west-3'\. Set S3_"):
            ask()


def test_a_closed_door_is_told_as_such() -> None:
    store = Store(settings_for({"key": KEY, "secret": SECRET, "endpoint_url": "http://127.0.0.1:9", "deadline": 2}))
    for ask in both(store):
        with pytest.raises(
            StorageError,
            match=r"http://127\.0\.0\.1:9 did not take a connection \(EndpointConnectionError\), however often",
        ):
            ask()


def test_an_unknown_host_is_told_as_such() -> None:
    settings = settings_for({"anon": True, "endpoint_url": "http://no-such-host.invalid", "deadline": 2})
    for ask in both(Store(settings)):
        with pytest.raises(StorageError, match=r"did not take a connection .* Check endpoint_url, the network"):
            ask()


def test_no_credentials_is_told_as_such(faults: FaultServer) -> None:
    for ask in both(Store(settings_for({"endpoint_url": faults.url}))):
        with pytest.raises(AccessError, match=r"no credentials were found\. Set .*AWS_PROFILE") as caught:
            ask()
        for spelling in ('storage_options={"anon": True}', "vton_hf.configure(anonymous=True)"):
            assert f"{spelling}" in str(caught.value).partition("For a public bucket ")[2]
    assert not faults.requests


def test_half_credentials_are_told_as_such(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    for ask in both(Store(settings_for({"endpoint_url": faults.url}))):
        with pytest.raises(AccessError, match="half of the credentials is missing"):
            ask()


def test_an_unknown_profile_is_named_with_whatever_asked_for_it(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = f"neither {tmp_path}/aws-config nor {tmp_path}/aws-credentials"
    for ask in both(Store(settings_for({"profile": "nobody", "endpoint_url": faults.url}))):
        with pytest.raises(AccessError, match=rf"the profile 'nobody' \(profile=\) is in {files}"):
            ask()
    monkeypatch.setenv("AWS_PROFILE", "staging")
    for ask in both(Store(settings_for({"endpoint_url": faults.url}))):
        with pytest.raises(AccessError, match=r"the profile 'staging' \(AWS_PROFILE\) is in neither"):
            ask()


def test_a_failing_credential_process_is_told_without_its_words(faults: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "aws-config").write_text(f"[profile p]\ncredential_process = sh -c 'echo {SECRET} >&2; exit 1'\n")
    for ask in both(Store(settings_for({"profile": "p", "endpoint_url": faults.url}))):
        with pytest.raises(AccessError, match="the source of the credentials failed") as caught:
            ask()
        assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("patience_ends")
def test_no_secret_is_shown_anywhere(faults: FaultServer, faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    store = faulty(session_token=TOKEN)
    shown = [repr(store), repr(store.settings)]
    codes = [*REFUSALS, "SlowDown", "InternalError", "Strange", "NoSuchBucket", "AccessDenied"]
    with caplog.at_level(logging.WARNING, "vton_hf"):
        for code in codes:
            status = 503 if code in {"SlowDown", "InternalError"} else 400
            faults.always("*", Status(status, code, LEAK, extra=f"<Token>{TOKEN}</Token>"))
            for ask in both(store):
                with pytest.raises(StorageError) as caught:
                    ask()
                shown += [str(caught.value), repr(caught.value)]
                shown.append("".join(traceback.format_exception(caught.value)))
    everything = "\n".join([*shown, *caplog.messages])
    assert "Strange" in everything
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in everything


def test_a_secret_of_the_environment_is_blanked_too(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    faults.always("*", Status(403, "AccessDenied", f"no {KEY} {SECRET}"))
    with pytest.raises(AccessError, match=r"It said: no \*\*\* \*\*\*$"):
        Store(settings_for({"endpoint_url": faults.url})).list([PREFIX])


def test_every_class_by_which_a_failure_is_told_exists() -> None:
    named = [each for classes, _ in failures._CLASSES for each in classes if isinstance(each, tuple)]
    assert len(named) > 10
    for module, *names in named:
        library = importlib.import_module(module)
        assert all(issubclass(getattr(library, name), Exception) for name in names)
