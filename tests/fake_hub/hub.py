"""The Hub itself: users, repositories, and a log of what was asked."""

import os
import re
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from tests.fake_hub.endpoints import ENDPOINTS
from tests.fake_hub.faults import Drop, Fault, Hold
from tests.fake_hub.git import Blob, Commit, Repository, upload_mode
from tests.fake_hub.http import ANONYMOUS, REPO, Answer, Refusal, Request

Role = Literal["write", "read"]


class Hub:
    """Users, repositories, and a log of what was asked."""

    puts: list[tuple[str, int]]
    """(oid, size) of the LFS objects that arrived whole."""

    requests: list[tuple[str, str, int]]
    """(method, path, status) of each request that has ended; the status is 0 where the connection was dropped."""

    page_size: int
    """Entries on a page of a listing."""

    max_files_per_commit: int | None

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.RLock()
        self._holds: list[Hold] = []
        self.reset()

    def reset(self) -> None:
        """Forget all users, repositories, faults and requests; what is held is dropped."""
        for hold in self._holds:
            hold.release(process=False)
        with self._lock:
            self.repositories: dict[str, Repository] = {}
            self.puts, self.requests = [], []
            self.page_size, self.max_files_per_commit = 1000, None
            self._tokens: dict[str, tuple[str, Role]] = {}
            self._namespaces: dict[str, set[str]] = {}
            self._faults: list[Fault] = []
            self._holds = []

    def token(self, user: str, *, role: Role = "write", orgs: Sequence[str] = ()) -> str:
        """A new token of a user, who with it exists and is a member of these organisations, which exist too."""
        with self._lock:
            token = f"hf_{user}{role.capitalize()}{len(self._tokens)}"
            self._tokens[token] = (user, role)
            for name, joined in ((user, (user, *orgs)), *((org, (org,)) for org in orgs)):
                self._namespaces.setdefault(name, set()).update(joined)
            return token

    def environment(self, token: str | None, home: Path) -> dict[str, str]:
        """Of a client that knows this Hub only, and caches in `home`."""
        kept = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("HF_", "HUGGING")) and not name.upper().endswith("_PROXY")
        }
        if kept.pop("PYTHONDONTWRITEBYTECODE", ""):  # else compiling `datasets` costs each client three seconds
            kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "vton-hf-tests-bytecode"))
        return kept | {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            # Of the tests, with one authority: a client reads all of a machine's in 0.03 s, and meets none of them here.
            **({"SSL_CERT_FILE": authorities} if (authorities := kept.get("REQUESTS_CA_BUNDLE")) else {}),
            **({"HF_TOKEN": token} if token else {}),
        }

    def create(self, repo_id: str, *, private: bool = True) -> Repository:
        """A repository in an existing namespace, without a client."""
        with self._lock:
            self.repositories[repo_id] = Repository(repo_id, private=private)
            return self.repositories[repo_id]

    def write(self, repo_id: str, files: Mapping[str, bytes | None], revision: str = "main") -> str:
        """A commit without a client, as if by somebody else; None deletes. Returns its sha."""
        with self._lock:
            repo = self.repositories[repo_id]
            tree = dict(repo.at(revision).tree)
            for path, data in files.items():
                tree.pop(path, None)
                if data is not None:
                    tree[path] = blob = Blob(data, lfs=upload_mode(path, data[:512], len(data)) == "lfs")
                    repo.lfs |= {blob.etag: data} if blob.lfs else {}
            return repo.commit(revision, tree, "Somebody's commit").sha

    def commits(self, repo_id: str, revision: str = "main") -> list[Commit]:
        """The history of a repository, the newest first."""
        with self._lock:
            repo = self.repositories[repo_id]
            return repo.history(repo.at(revision))

    def files(self, repo_id: str, revision: str = "main") -> dict[str, bytes]:
        """What a revision holds, the .gitattributes of every repository apart."""
        tree = self.commits(repo_id, revision)[0].tree
        return {path: blob.data for path, blob in sorted(tree.items()) if path != ".gitattributes"}

    def fault(
        self,
        method: str,
        path_regex: str,
        *,
        status: int = 503,
        times: int | None = 1,
        headers: Mapping[str, str] | None = None,
        message: str = "told to fail",
        drop: Drop | None = None,
    ) -> Fault:
        """Answer so to the next `times` such requests (None: to all) without processing them.

        With `drop` the connection is closed instead: before anything is read, mid in the body of a PUT, or after
        the request was processed.
        """
        answer = Answer.error(status, message, "", headers or {})
        fault = Fault(method, re.compile(path_regex), times, drop, answer)
        with self._lock:
            self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._faults.clear()

    def hold(self, method: str, path_regex: str) -> Hold:
        """Make the next such request wait until it is released."""
        hold = Hold(method, re.compile(path_regex))
        with self._lock:
            self._holds.append(hold)
        return hold

    def take(self, method: str, path: str) -> tuple[Fault | None, Hold | None]:
        """What is to happen to this request."""

        def matches(told: Fault | Hold) -> bool:
            return told.method == method and told.path.search(path) is not None and told.hits != told.times

        with self._lock:
            fault = next(filter(matches, self._faults), None)
            hold = next(filter(matches, self._holds), None)
            for told in (fault, hold):
                if told:
                    told.hits += 1
        return fault, hold

    def answer(self, request: Request) -> Answer:
        with self._lock:
            for method, pattern, endpoint in ENDPOINTS:
                if method == request.method and (match := pattern.fullmatch(request.path)):
                    try:
                        return endpoint(self, request, *map(unquote, filter(None, match.groups())))
                    except Refusal as refusal:
                        return refusal.answer
        return Answer.error(404, "Sorry, we can't find the page you are looking for.", "", {})

    def user(self, request: Request) -> tuple[str, Role]:
        """Whose the token is, and its role; without a token, "" and "read"."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self._tokens:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return self._tokens.get(token, ("", "read"))

    def namespaces(self, user: str) -> set[str]:
        """Those the user may write in: its own, and those of its organisations."""
        return self._namespaces.get(user, set())

    def repository(self, request: Request, repo_id: str, *, write: bool = False) -> Repository:
        """The repository, where the token allows it."""
        user, role = self.user(request)
        member = repo_id.partition("/")[0] in self.namespaces(user)
        repo = self.repositories.get(repo_id)
        if repo is None or (repo.private and not member):
            raise Refusal(404, "Repository not found", REPO) if user else Refusal(401, ANONYMOUS, REPO)
        if write and not user:
            raise Refusal(401, ANONYMOUS)
        if write and not member:
            raise Refusal(403, "Forbidden: Authorization error.")
        if write and role == "read":
            raise Refusal(403, "Forbidden: you must use a write token to upload to a repository.")
        return repo
