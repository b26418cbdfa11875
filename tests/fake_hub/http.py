"""What goes back and forth: requests, answers, refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

ANONYMOUS = "Invalid username or password."
REPO = "RepoNotFound"
REVISION = "RevisionNotFound"
ENTRY = "EntryNotFound"


class Refusal(Exception):  # noqa: N818 - it becomes an answer
    """An endpoint says no."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.answer = Answer.error(status, message, code, headers)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    @classmethod
    def error(cls, status: int, message: str, code: str, headers: Mapping[str, str]) -> "Answer":
        """The Hub says it twice: in a header, which the clients show, and in the body."""
        codes = {"X-Error-Code": code} if code else {}
        return cls.json({"error": message}, status, {**codes, "X-Error-Message": message, **headers})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")
