"""The Hub: whether there is a token, whose it is, and whether it may write. Only a push needs one."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import datasets
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError

from vton_hf.cli.doctor.check import Check, Mark
from vton_hf.errors import without_secrets
from vton_hf.storage import hub_token_variable

_PATIENCE: Final = 5.0
"""Seconds; huggingface_hub itself would wait for ever."""

_NEEDED: Final = "needed for vton-hf push alone"
_UNAUTHORIZED: Final = 401


def ask_hub() -> Callable[[], Check]:
    """Begin to ask the Hub who the token's owner is.

    Returns:
        Waits for the answer.
    """
    token = get_token()
    if token is None:
        step = "Log in with `hf auth login`, or set HF_TOKEN, before you push."
        return lambda: Check(Mark.WARN, "Hub", f"no token; {_NEEDED}", step)
    where = hub_token_variable() or constants.HF_TOKEN_PATH
    if constants.HF_HUB_OFFLINE:
        return lambda: Check(Mark.OK, "Hub", f"a token from {where}; not asked whose, because HF_HUB_OFFLINE is set")
    answer = _begun(lambda: HfApi(endpoint=datasets.config.HF_ENDPOINT, token=token, library_name="vton-hf").whoami())

    def check() -> Check:
        try:
            return _rights(answer(), where)
        except Exception as error:  # noqa: BLE001 - of huggingface_hub or its HTTP library
            return _refused(error, where, token)

    return check


def _begun(ask: Callable[[], Any]) -> Callable[[], Any]:
    """Ask in a thread that nobody waits for in the end."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 - handed on
            answers.put(error)

    def answer() -> Any:
        try:
            got = answers.get(timeout=_PATIENCE)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(got, Exception):
            raise got
        return got

    threading.Thread(target=work, daemon=True).start()
    return answer


def _rights(answer: Mapping[str, Any], where: str) -> Check:
    token = answer.get("auth", {}).get("accessToken", {})
    role = token.get("role", "")
    found = f"{answer.get('name')}, by the token from {where}"
    if role == "write" or (names := _writable(token)):
        whose = "" if role == "write" else f" to the repositories of {', '.join(names)}"
        return Check(Mark.OK, "Hub", f"{found}, which may write{whose}")
    step = f"Take a token with the role 'write': `hf auth login`, or HF_TOKEN; {_NEEDED}."
    return Check(Mark.WARN, "Hub", f"{found}, which may not write (role {role!r})", step)


def _writable(token: Mapping[str, Any]) -> list[str]:
    """Whose repositories a fine-grained token may write."""
    rights = token.get("fineGrained", {}).get("scoped", ())
    return [each["entity"]["name"] for each in rights if "repo.write" in each["permissions"]]


def _refused(error: Exception, where: str, token: str) -> Check:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else 0
    if status == _UNAUTHORIZED:
        step = "Log in with `hf auth login`, or set HF_TOKEN to one that is valid; without any only push fails."
        return Check(Mark.FAIL, "Hub", f"the Hub does not accept the token from {where}", step)
    why = f"status {status}" if status else type(error).__name__
    endpoint = without_secrets(str(datasets.config.HF_ENDPOINT), [token])
    step = f"Check the network and the proxy, or set HF_HUB_OFFLINE=1; {_NEEDED}."
    return Check(Mark.WARN, "Hub", f"a token from {where}, but {endpoint} does not answer as it should ({why})", step)
