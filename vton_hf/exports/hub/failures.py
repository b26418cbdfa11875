"""What the Hub refuses, said in this package's words; and which refusals are worth another try."""

from json import JSONDecodeError
from typing import Final

from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from vton_hf.errors import (
    BuildError,
    ConfigError,
    HubAccessError,
    HubError,
    HubUnavailableError,
    VTONError,
    without_secrets,
)

_HTTP: Final = next(base for base in HfHubHTTPError.__bases__ if base is not OSError)
"""The root of the HTTP library's errors: `httpx` or its successor, as huggingface_hub has it."""

_LOST: Final = (_HTTP, ConnectionError, TimeoutError, LocalEntryNotFoundError, JSONDecodeError)
"""No answer; the last two stand for a download without one, and for a proxy's page in its place."""

_WRAPPERS: Final = (RuntimeError, LocalEntryNotFoundError)

_THEIRS: Final = (_HTTP, OSError, ValueError, RuntimeError)
"""What huggingface_hub and its uploader raise; anything else is a mistake of ours, to be seen as it is."""

_CONFLICT: Final = frozenset({409, 412})
_BUSY: Final = frozenset({408, 425, 429})
_SERVER: Final = 500
_NOT_FOUND: Final = 404

_CHANGED: Final = (
    HubError,
    "{repo_id!r} was changed by others again and again. Push once more: nothing that arrived is sent twice.",
)
_ADVICE: Final[dict[int, tuple[type[HubError], str]]] = {
    401: (
        HubAccessError,
        "The Hub does not accept the token. Log in with `hf auth login`, or set HF_TOKEN to one that is valid.",
    ),
    402: (HubError, "{namespace!r} has no room left on the Hub for {repo_id!r}."),
    403: (
        HubAccessError,
        (
            "The token may not write to {repo_id!r}. Take one with the role 'write', or a fine-grained one with write "
            "access to the datasets of {namespace!r}: `hf auth login`, or HF_TOKEN."
        ),
    ),
    _NOT_FOUND: (
        HubAccessError,
        (
            "{repo_id!r} cannot be reached: it is gone, or no user or organisation is called {namespace!r}, or the "
            "token has no rights there. Check the spelling, and the rights of the token."
        ),
    ),
    409: _CHANGED,
    412: _CHANGED,
    413: (HubError, "So many files at once are too much for the Hub. Take a larger max_shard_size."),
}
"""What to say of an answer's status, and what to do."""


def unwrapped(error: Exception) -> Exception:
    """The error itself: uploads say only that they failed, downloads that nothing is cached; why is the cause."""
    cause = error.__cause__
    if type(error) in _WRAPPERS and isinstance(cause, Exception) and isinstance(cause, _HTTP):
        return unwrapped(cause)
    return error


def status_of(error: BaseException) -> int:
    """The status of an answer, or 0 where there was none."""
    return int(error.response.status_code) if isinstance(error, HfHubHTTPError) and error.response is not None else 0


def is_conflict(error: BaseException) -> bool:
    """Whether somebody else was faster."""
    return status_of(error) in _CONFLICT


def is_transient(error: BaseException) -> bool:
    """Whether the same request may go well later."""
    if isinstance(error, (VTONError, OfflineModeIsEnabled)):
        return False
    status = status_of(error)
    lost = isinstance(error, _LOST) and not isinstance(error, HfHubHTTPError)
    return lost or status in _CONFLICT | _BUSY or status >= _SERVER


def explain(error: Exception, repo_id: str, token: str | None) -> Exception:
    """The error to raise instead.

    Args:
        error: What was caught.
        repo_id: What it was about.
        token: Kept out of the text.
    """
    if isinstance(error, VTONError) or not isinstance(error, _THEIRS):
        return error
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, _LOST):
        return BuildError(
            f"huggingface_hub cannot use its own cache {HF_HUB_CACHE}: {error}. Make room there, or set HF_HOME."
        )
    reply = _reply(error)
    explained = _explained(error, repo_id, f" The Hub says: {reply.rstrip('.')}." if reply else "")
    if token and token in str(explained):
        explained = type(explained)(without_secrets(str(explained), [token]))
    return explained


def _explained(error: Exception, repo_id: str, reply: str) -> VTONError:
    if isinstance(error, HFValidationError):
        return ConfigError(f"repo_id={repo_id!r} is no name of a repository.{reply}")
    if isinstance(error, OfflineModeIsEnabled):
        return HubUnavailableError("HF_HUB_OFFLINE is set: the Hub may not be asked. Unset it to push.")
    status = _NOT_FOUND if isinstance(error, RepositoryNotFoundError) else status_of(error)
    if status in _ADVICE:
        kind, advice = _ADVICE[status]
        return kind(advice.format(repo_id=repo_id, namespace=repo_id.partition("/")[0]) + reply)
    if is_transient(error):
        return HubUnavailableError(
            f"The Hub does not answer as it should ({_cause(error)}). What people load is unchanged; push once more, "
            f"and nothing that arrived is sent twice.{reply}"
        )
    return HubError(f"The Hub refused what was pushed to {repo_id!r} ({_cause(error)}).{reply}")


def _cause(error: Exception) -> str:
    status = status_of(error)
    return f"status {status}" if status else f"{type(error).__name__}: {' '.join(str(error).split())}"


def _reply(error: Exception) -> str:
    """The server's own words, in one line."""
    answer = error if isinstance(error, HfHubHTTPError) else error.__cause__
    if isinstance(answer, HfHubHTTPError):
        return " ".join(str(answer.server_message or "").split())
    return " ".join(str(error).split()) if isinstance(error, HFValidationError) else ""
