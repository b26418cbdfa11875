"""The words for each failure: what was asked, what the store answered, and what to check next."""

from dataclasses import dataclass
from typing import Final, Literal

from vton_hf.errors import AccessError, ObjectMissingError, StorageError, UnavailableError, without_secrets
from vton_hf.storage import environment
from vton_hf.storage.failures import TRANSIENT, Failure, FailureKind, classify
from vton_hf.storage.hints import hub_line
from vton_hf.storage.settings import StorageSettings

_KEYS: Final = "access_key= and secret_key=, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
ANONYMOUSLY: Final = 'pass storage_options={"anon": True}, or call vton_hf.configure(anonymous=True)'
"""How a library's caller says that a bucket is public; the command line has a word of its own."""

_CAUSES: Final = {
    FailureKind.MISSING: "there is no such object ({code}). Was it deleted since it was listed? Check the key.",
    FailureKind.ARCHIVED: "it is archived ({code}). Restore it from Glacier first, or leave it out.",
    FailureKind.CHANGED: "object changed since it was listed: {message}. List the prefix again.",
    FailureKind.UPLOAD_GONE: "the upload was ended from elsewhere ({code}). Look for another writer "
    "or a lifecycle rule of "
    "{bucket}, and try again.",
    FailureKind.NO_BUCKET: "{bucket} does not exist at {endpoint} ({code}). Check its spelling, endpoint_url and "
    "S3_BUCKET_NAME.",
    FailureKind.BAD_NAME: "{bucket} or the region is not a valid name ({code}). Check both.",
    FailureKind.NO_CREDENTIALS: "no credentials were found. Set {keys}. For a public bucket {anonymously}.",
    FailureKind.HALF_CREDENTIALS: "half of the credentials is missing ({code}). Set both the key and its secret.",
    FailureKind.NO_PROFILE: "the profile {profile} is in neither {files} ({code}). Check its spelling, or unset it.",
    FailureKind.PROVIDER_FAILED: "the source of the credentials failed ({code}). Log in again (aws sso login) or "
    "check the role, then aws sts get-caller-identity.",
    FailureKind.WRONG_KEY: "the store does not know the access key ({code}). Check {keys}, and that the key belongs "
    "to {endpoint}.",
    FailureKind.WRONG_SECRET: "the secret does not fit the access key ({code}). Check AWS_SECRET_ACCESS_KEY or "
    "secret_key= for a lost or added character.",
    FailureKind.WRONG_TOKEN: "the session token is not valid ({code}). Check AWS_SESSION_TOKEN or session_token=; "
    "drop it for a permanent key.",
    FailureKind.EXPIRED: "the credentials have expired ({code}). Fetch new ones (aws sso login, "
    "or a new session token).",
    FailureKind.WRONG_REGION: "{bucket} lies in another region ({code}){hint}. Set S3_REGION or region=.",
    FailureKind.CLOCK_SKEW: "this machine's clock is too far from the store's ({code}). Set the clock.",
    FailureKind.CERTIFICATE: "the server's certificate was not accepted ({code}). Check "
    "endpoint_url and AWS_CA_BUNDLE.",
    FailureKind.ENDPOINT_DOWN: "{endpoint} did not take a connection ({code}){waited}. Check endpoint_url, the "
    "network and the proxy.",
    FailureKind.THROTTLED: "the store asked to slow down ({code}){waited}. Lower concurrency=, or raise deadline=.",
    FailureKind.SERVER_ERROR: "the store failed ({code}){waited}. Look at the store's own status, or raise deadline=.",
    FailureKind.TIMED_OUT: "no complete answer came in time ({code}){waited}. Check the network, or raise timeout= "
    "and deadline=.",
    FailureKind.LOST: "the connection broke or the answer was damaged ({code}){waited}. "
    "Check the network and the proxy.",
    FailureKind.DAMAGED: "what came is not the object ({code}){waited}. Check the network and the proxy.",
    FailureKind.OTHER: "the store answered {code}: {message}",
}

_DENIED: Final = {
    "list": "the store refused ({code}). The credentials need s3:ListBucket on {bucket}.{words}",
    "read": "the store refused ({code}). The credentials need s3:GetObject on {bucket} (and kms:Decrypt where "
    "it is encrypted with KMS).{words}",
    "write": "the store refused ({code}). The credentials need s3:PutObject and s3:AbortMultipartUpload on {bucket} "
    "(and kms:GenerateDataKey and kms:Decrypt where it encrypts with KMS).{words}",
    "delete": "the store refused ({code}). The credentials need s3:DeleteObject on {bucket}.{words}",
    "local": "permission denied ({code}). This user may not {verb} it.",
}

_NO_ROOM: Final = "there cannot be such a file ({code}): one of its folders is a file, or it is a folder itself."
"""What a missing file means to a writer."""

_ACCESS: Final = frozenset(
    {
        FailureKind.DENIED,
        FailureKind.NO_CREDENTIALS,
        FailureKind.HALF_CREDENTIALS,
        FailureKind.NO_PROFILE,
        FailureKind.PROVIDER_FAILED,
    }
    | {
        FailureKind.WRONG_KEY,
        FailureKind.WRONG_SECRET,
        FailureKind.WRONG_TOKEN,
        FailureKind.EXPIRED,
        FailureKind.WRONG_REGION,
        FailureKind.CLOCK_SKEW,
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of the store: a verb, the prefix or object, and the settings in force."""

    verb: Literal["list", "read", "write", "delete"]
    uri: str
    settings: StorageSettings

    def to_error(self, error: BaseException) -> StorageError:
        """The error to show for what a library raised; without its cause, which may print secrets."""
        failure = self.failure(error)
        text = f"Cannot {self.verb} {self.uri}: {self._filled(self._template(failure), failure)}"
        if line := hub_line(self.uri):
            text += f" And {line}"
        if failure.kind in {FailureKind.MISSING, FailureKind.NO_BUCKET}:
            return ObjectMissingError(text)
        if failure.kind in TRANSIENT:
            return UnavailableError(text)
        return AccessError(text) if failure.kind in _ACCESS else StorageError(text)

    def failure(self, error: BaseException) -> Failure:
        """What kind of failure it is to whoever asked so."""
        failure = classify(error)
        # Neither needs an object, so on a store it is the bucket that is missing.
        if self.verb in {"list", "write"} and failure.kind is FailureKind.MISSING and not self.uri.startswith("file:"):
            return Failure(FailureKind.NO_BUCKET, failure.code, failure.message)
        return failure

    def cause_and_advice(self, error: BaseException) -> tuple[str, str]:
        """What `to_error` says, in two parts: what happened, and what to do; of one request that was not repeated."""
        failure = self.failure(error)
        cause, _, advice = self._template(failure).replace("{waited}", "").partition(". ")
        line = hub_line(self.uri)
        return self._filled(cause, failure), self._filled(advice, failure) + (f" And {line}" if line else "")

    def trouble(self, error: BaseException) -> str:
        """One line for the log while it is still being tried."""
        failure = classify(error)
        return f"Cannot {self.verb} {self.uri}: {failure.kind.name.lower().replace('_', ' ')} ({failure.code})"

    def _template(self, failure: Failure) -> str:
        if self.verb == "write" and failure.kind is FailureKind.MISSING:
            return _NO_ROOM
        return _CAUSES.get(failure.kind) or _DENIED["local" if self.uri.startswith("file:") else self.verb]

    def _filled(self, template: str, failure: Failure) -> str:
        rest = self.uri.partition("://")[2]
        message = without_secrets(failure.message, (*self.settings.secrets(), *environment.secrets()))
        return template.format(
            code=failure.code,
            verb="read" if self.verb == "list" else self.verb,
            message=message,
            words=f" It said: {message}" if message else "",
            bucket=f"bucket {rest.partition('/')[0]!r}",
            endpoint=self.settings.endpoint_url or "the default endpoint",
            keys=_KEYS,
            anonymously=ANONYMOUSLY,
            profile=_profile(self.settings),
            files=" nor ".join(environment.profile_files()),
            hint=f", the store says {failure.region!r}" if failure.region else "",
            waited=", however often it was tried" if failure.kind in TRANSIENT else "",
        )


def _profile(settings: StorageSettings) -> str:
    """Which profile is asked for, and by what."""
    if settings.profile:
        return f"{settings.profile!r} (profile=)"
    name, variable = environment.profile_and_variable()
    return f"{name!r} ({variable})"
