"""What a look at a store says: credentials, region, endpoint, connection, clock, bucket, listing."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from vton_hf._core.units import duration
from vton_hf.cli.doctor.check import Check, Mark
from vton_hf.storage import FailureKind, Look, Trouble

_SUBJECT_OF: Final = {
    FailureKind.NO_CREDENTIALS: "credentials",
    FailureKind.HALF_CREDENTIALS: "credentials",
    FailureKind.NO_PROFILE: "credentials",
    FailureKind.PROVIDER_FAILED: "credentials",
    FailureKind.WRONG_KEY: "credentials",
    FailureKind.WRONG_SECRET: "credentials",
    FailureKind.WRONG_TOKEN: "credentials",
    FailureKind.EXPIRED: "credentials",
    FailureKind.WRONG_REGION: "region",
    FailureKind.CLOCK_SKEW: "clock",
    FailureKind.CERTIFICATE: "connection",
    FailureKind.ENDPOINT_DOWN: "connection",
    FailureKind.TIMED_OUT: "connection",
    FailureKind.LOST: "connection",
    FailureKind.DENIED: "listing",
    None: "listing",
}
"""Which line a failure is told in; those that are not here are the bucket's."""

_SUBJECTS: Final = ("credentials", "region", "endpoint", "connection", "clock", "bucket", "listing")

_BECAUSE: Final = {
    "credentials": "without valid credentials nothing is answered",
    "region": "requests have to go to the right region first",
    "connection": "there is no answer",
    "clock": "the store refuses requests with such a time",
    "bucket": "the bucket cannot be used",
    "listing": "no key is known",
}
"""Why nothing is known of what follows."""

OF_THE_STORE: Final = frozenset({"credentials", "connection", "clock"})
"""Where one of these fails, another bucket of the same store would fare no better."""

_SKEW_WARNED: Final = 60.0
_SKEW_REFUSED: Final = 300.0
"""Seconds; S3 refuses what is signed 900 s off, and a clock that is wrong drifts."""


def subject_of(trouble: Trouble | None) -> str:
    """The line in which a failure is told; empty if there is none."""
    return _SUBJECT_OF.get(trouble.kind, "bucket") if trouble else ""


def s3_checks(look: Look, *, first: bool) -> Iterator[Check]:
    """What is known of a prefix of S3; nothing behind what failed.

    Args:
        look: At the prefix.
        first: Whether this is the first one: who asks, and where, is the same for all.
    """
    failed = subject_of(look.trouble)
    lines = {
        "credentials": _credentials(look),
        "region": _region(look),
        "endpoint": _endpoint(look),
        "connection": _connection(look),
        "clock": _clock(look),
        "bucket": _bucket(look),
        "listing": _listing(look),
    }
    unknown = []
    for subject in _SUBJECTS if first else _SUBJECTS[-2:]:
        if (line := lines[subject]) is not None:
            yield line
        elif subject != failed:
            unknown.append(subject)
    if look.trouble:
        yield not_looked_at(look, [*unknown, "reading", "naming"])


def other_checks(look: Look) -> Iterator[Check]:
    """What is known of a local folder or another store: whether it is listed."""
    if look.trouble:
        yield Check(Mark.FAIL, "listing", look.trouble.cause, look.trouble.advice)
        yield not_looked_at(look, ["reading", "naming"])
    elif line := _listing(look):
        yield line


def not_looked_at(look: Look, subjects: Sequence[str]) -> Check:
    """One line for all that cannot be known because of what failed."""
    *others, last = subjects
    names = f"{', '.join(others)} and {last}" if others else last
    return Check(Mark.SKIP, "the rest", f"not looked at: {names}, because {_BECAUSE[subject_of(look.trouble)]}")


def _failed(look: Look, subject: str, before: str = "") -> Check | None:
    """The red line of what went wrong, if that is about this subject."""
    if not look.trouble or subject_of(look.trouble) != subject:
        return None
    return Check(Mark.FAIL, subject, before + look.trouble.cause, look.trouble.advice)


def _credentials(look: Look) -> Check | None:
    signer = look.signer
    if signer is None:
        if failed := _failed(look, "credentials"):
            return failed
        return Check(Mark.OK, "credentials", "none: requests are not signed") if look.anonymous else None
    who = f"key {signer.key} from {signer.source}{', with a session token' if signer.temporary else ''}"
    return _failed(look, "credentials", f"{who}: ") or Check(Mark.OK, "credentials", who)


def _region(look: Look) -> Check | None:
    if not look.region:
        return None
    origin = look.origins.get("region")
    found = f"{look.region} ({_option(origin, '--region') or 'the default'})"
    right = (look.trouble.region if look.trouble else "") or look.bucket_region
    step = f"Add --region {right}, or set S3_REGION={right}" if right else ""
    if failed := _failed(look, "region", f"{found}: "):
        return Check(failed.mark, failed.subject, failed.found, step or failed.next_step)
    if right and right != look.region and not look.trouble:
        return Check(Mark.WARN, "region", f"{found}, but the store says {right!r}: requests are redirected", step)
    return Check(Mark.OK, "region", found)


def _endpoint(look: Look) -> Check | None:
    if not look.endpoint:
        return None
    origin = _option(look.origins.get("endpoint_url"), "--endpoint-url") or "the default"
    found = f"{look.endpoint} ({origin})"
    if path := urlsplit(look.endpoint).path.strip("/"):
        step = f"Leave the path out, unless the server really lies below it; a bucket is named in PREFIX: s3://{path}/"
        return Check(Mark.WARN, "endpoint", f"{found} has a path", step)
    return Check(Mark.OK, "endpoint", found)


def _option(origin: str | None, option: str) -> str | None:
    return option if origin == "storage_options" else origin


def _connection(look: Look) -> Check | None:
    if look.seconds is None:
        return _failed(look, "connection")
    answered = f"answers within {max(1, round(look.seconds * 1000)):,} ms"
    return _failed(look, "connection", f"{answered}, then: ") or Check(Mark.OK, "connection", answered)


def _clock(look: Look) -> Check | None:
    ahead = look.ahead
    if ahead is None:
        return _failed(look, "clock")
    step = "Set the clock: sudo timedatectl set-ntp true"
    found = f"{duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the store's"
    if failed := _failed(look, "clock", f"{found}: "):
        return Check(failed.mark, failed.subject, failed.found, step)
    if abs(ahead) > _SKEW_REFUSED:
        refused = f"{found}; S3 refuses requests that are signed more than 15 minutes off"
        return Check(Mark.FAIL, "clock", refused, step)
    if abs(ahead) > _SKEW_WARNED:
        return Check(Mark.WARN, "clock", found, step)
    return Check(Mark.OK, "clock", "agrees with the store's")


def _bucket(look: Look) -> Check | None:
    name = look.uri.removeprefix("s3://").partition("/")[0]
    known = look.trouble is None or subject_of(look.trouble) == "listing"
    if failed := _failed(look, "bucket"):
        return Check(failed.mark, failed.subject, failed.found.removeprefix("bucket "), failed.next_step)
    return Check(Mark.OK, "bucket", f"{name!r} is there") if known else None


def _listing(look: Look) -> Check | None:
    if failed := _failed(look, "listing"):
        if look.anonymous and look.trouble and look.trouble.kind is FailureKind.DENIED:
            step = "The bucket is not public: drop --anonymous, and give credentials."
            return Check(failed.mark, failed.subject, failed.found, step)
        return failed
    if look.trouble:
        return None
    count = f"{look.keys.num_rows:,} {'key' if look.keys.num_rows == 1 else 'keys'}"
    return Check(
        Mark.OK, "listing", f"allowed; looked at {f'the first {count}, there are more' if look.cut else f'all {count}'}"
    )
