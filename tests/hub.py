"""A Hugging Face Hub on 127.0.0.1, for datasets: `hub.token("ann")`, then real clients in processes of their own.

Clients read HF_ENDPOINT when they are imported, so they run as `run_python(code, hub.environment(token, home))`.
"""

import base64
import codecs
import hashlib
import hmac
import itertools
import json
import os
import re
import subprocess  # noqa: TC003
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from fnmatch import fnmatch
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from tests.programs import PYTHON, Program

LFS_PATTERNS = ("*.arrow", "*.bin", "*.gz", "*.jpg", "*.npz", "*.parquet", "*.png", "*.tar", "*.webp", "*.zip")
LARGEST_REGULAR = 10_000_000
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS).encode()

Role = Literal["write", "read"]
Drop = Literal["before", "mid", "after"]
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


@dataclass(frozen=True)
class Blob:
    """The content of a file."""

    data: bytes
    lfs: bool

    @property
    def size(self) -> int:
        return len(self.data)

    @cached_property
    def oid(self) -> str:
        """What git calls it: for an LFS file, its pointer's id."""
        stored = self.pointer if self.lfs else self.data
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    @cached_property
    def etag(self) -> str:
        """What the clients compare."""
        return hashlib.sha256(self.data).hexdigest() if self.lfs else self.oid

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.etag}\nsize {self.size}\n".encode()


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    title: str
    message: str
    author: str
    date: str
    tree: Mapping[str, Blob]

    def oid(self, path: str) -> str | None:
        """Of a file or a folder, if it is there."""
        if path in self.tree:
            return self.tree[path].oid
        below = sorted((name, blob.oid) for name, blob in self.tree.items() if name.startswith(f"{path}/"))
        return hashlib.sha1(repr(below).encode()).hexdigest() if below else None

    def names(self, folder: str, *, recursive: bool) -> list[str]:
        """The files and folders in a folder; "" is the root."""
        prefix = f"{folder}/" if folder else ""
        found: set[str] = set()
        for path in self.tree:
            if path.startswith(prefix):
                parts = path.removeprefix(prefix).split("/")
                depth = len(parts) if recursive else 1
                found.update(prefix + "/".join(parts[:end]) for end in range(1, depth + 1))
        return sorted(found)


class Repository:
    """Branches point at commits; no commit is ever lost."""

    def __init__(self, repo_id: str, *, private: bool) -> None:
        self.id = repo_id
        self.private = private
        self.lfs: dict[str, bytes] = {}
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, Commit] = {}
        self.commit("main", {".gitattributes": Blob(GITATTRIBUTES, lfs=False)}, "initial commit")

    def at(self, revision: str) -> Commit:
        """A branch's head, or the commit of this sha."""
        commit = self.branches.get(revision) or self.commits.get(revision)
        if commit is None:
            raise Refusal(404, f"Invalid rev id: {revision}", REVISION)
        return commit

    def commit(self, branch: str, tree: Mapping[str, Blob], title: str, message: str = "", author: str = "") -> Commit:
        parent = self.branches[branch].sha if branch in self.branches else None
        oids = sorted((path, blob.oid) for path, blob in tree.items())
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        sha = hashlib.sha1(repr((self.id, len(self.commits), parent, oids)).encode()).hexdigest()
        self.commits[sha] = Commit(sha, parent, title, message, author, date, dict(tree))
        self.branches[branch] = self.commits[sha]
        return self.commits[sha]

    def history(self, commit: Commit) -> list[Commit]:
        """The newest first."""
        commits = [commit]
        while (parent := commits[-1].parent) is not None:
            commits.append(self.commits[parent])
        return commits

    def last_change(self, commit: Commit, path: str) -> Commit:
        for newer, older in itertools.pairwise(self.history(commit)):
            if newer.oid(path) != older.oid(path):
                return newer
        return self.history(commit)[-1]


@dataclass
class Fault:
    """What befalls the next `times` requests it matches, or all of them; `hits` counts those."""

    method: str
    path: re.Pattern[str]
    times: int | None
    drop: Drop | None
    answer: Answer
    hits: int = 0


@dataclass
class Hold:
    """Keeps one request waiting: a PUT with half its body read, any other when all of it is there."""

    method: str
    path: re.Pattern[str]
    times: int = 1
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)
    _process: bool = False

    def release(self, *, process: bool = True) -> None:
        """Let the request go on, or drop it without a trace; returns when that is done."""
        self._process = process
        self._released.set()
        if self.reached.is_set():
            self.done.wait(60)

    def wait(self) -> bool:
        """Whether the request may go on."""
        self.reached.set()
        return self._released.wait(120) and self._process


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
            for method, pattern, endpoint in _ENDPOINTS:
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


Endpoint = Callable[..., Answer]
_ENDPOINTS: list[tuple[str, re.Pattern[str], Endpoint]] = []
_PARTS = {"id": r"([^/]+(?:/[^/]+)?)", "path": r"(.+)"}


def endpoint(method: str, template: str) -> Callable[[Endpoint], Endpoint]:
    """Register a function for a path; what is in braces becomes its arguments."""
    pattern = re.compile(re.sub(r"{(\w+)}", lambda match: _PARTS.get(match[1], r"([^/]+)"), template))

    def register(function: Endpoint) -> Endpoint:
        _ENDPOINTS.append((method, pattern, function))
        return function

    return register


def upload_mode(path: str, sample: bytes, size: int) -> Literal["lfs", "regular"]:
    """How a file is to be uploaded, told from its name, size and first 512 bytes."""
    if size > LARGEST_REGULAR or b"\0" in sample or any(fnmatch(path, pattern) for pattern in LFS_PATTERNS):
        return "lfs"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "lfs"
    return "regular"


def is_private(settings: Mapping[str, Any], *, otherwise: bool) -> bool:
    """Clients of before and since version 2 say it differently."""
    if "visibility" in settings:
        return bool(settings["visibility"] == "private")
    return bool(settings.get("private", otherwise))


@endpoint("GET", "/api/whoami-v2")
def whoami(hub: Hub, request: Request) -> Answer:
    user, role = hub.user(request)
    if not user:
        raise Refusal(401, ANONYMOUS)
    orgs = [{"type": "org", "name": org, "roleInOrg": role} for org in sorted(hub.namespaces(user) - {user})]
    auth = {"type": "access_token", "accessToken": {"displayName": role, "role": role}}
    return Answer.json({"type": "user", "name": user, "fullname": user, "orgs": orgs, "auth": auth})


@endpoint("POST", "/api/repos/create")
def create_repository(hub: Hub, request: Request) -> Answer:
    user, role = hub.user(request)
    if not user:
        raise Refusal(401, ANONYMOUS)
    wanted = request.json()
    namespace = wanted.get("organization") or user
    repo_id = f"{namespace}/{wanted['name']}"
    if wanted.get("type") != "dataset":
        raise Refusal(400, "This Hub holds datasets only")
    if not hub.namespaces(namespace):
        raise Refusal(404, f'The namespace "{namespace}" does not exist')
    if namespace not in hub.namespaces(user) or role == "read":
        raise Refusal(403, f'You don\'t have the rights to create a dataset under the namespace "{namespace}"')
    url = {"url": f"{hub.url}/datasets/{repo_id}"}
    if repo_id in hub.repositories:
        message = "You already created this dataset repo"
        return Answer.json({"error": message, **url}, 409, {"X-Error-Message": message})
    hub.create(repo_id, private=is_private(wanted, otherwise=False))
    return Answer.json({"name": repo_id, **url})


@endpoint("PUT", "/api/datasets/{id}/settings")
def change_settings(hub: Hub, request: Request, repo_id: str) -> Answer:
    repo = hub.repository(request, repo_id, write=True)
    repo.private = is_private(request.json(), otherwise=repo.private)
    return Answer.json({"private": repo.private})


@endpoint("POST", "/api/validate-yaml")
def validate_yaml(hub: Hub, request: Request) -> Answer:
    return Answer.json({"errors": [], "warnings": []})


@endpoint("GET", "/api/datasets/{id}(?:/revision/{revision})?")
def repository_info(hub: Hub, request: Request, repo_id: str, revision: str = "main") -> Answer:
    repo = hub.repository(request, repo_id)
    commit = repo.at(revision)
    info = {
        "id": repo_id,
        "author": repo_id.partition("/")[0],
        "sha": commit.sha,
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "createdAt": next(iter(repo.commits.values())).date,
        "lastModified": commit.date,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [_sibling(path, blob) for path, blob in sorted(commit.tree.items())],
    }
    return Answer.json(info)


def _sibling(path: str, blob: Blob) -> dict[str, Any]:
    lfs = {"lfs": {"sha256": blob.etag, "size": blob.size, "pointerSize": len(blob.pointer)}} if blob.lfs else {}
    return {"rfilename": path, "size": blob.size, "blobId": blob.oid, **lfs}


@endpoint("GET", "/api/datasets/{id}/refs")
def list_refs(hub: Hub, request: Request, repo_id: str) -> Answer:
    branches = [
        {"name": name, "ref": f"refs/heads/{name}", "targetCommit": head.sha}
        for name, head in hub.repository(request, repo_id).branches.items()
    ]
    return Answer.json({"branches": branches, "converts": [], "tags": [], "pullRequests": []})


@endpoint("POST", "/api/datasets/{id}/branch/{name}")
def create_branch(hub: Hub, request: Request, repo_id: str, name: str) -> Answer:
    repo = hub.repository(request, repo_id, write=True)
    if name in repo.branches:
        raise Refusal(409, "Reference already exists")
    repo.branches[name] = repo.at(request.json().get("startingPoint", "main"))
    return Answer.json({}, 201)


def _page(hub: Hub, request: Request, items: Sequence[Any], render: Callable[[Any], Any]) -> Answer:
    """One page of a listing; the header says where the next one is."""
    start = int(request.query.get("cursor", "0"))
    end = start + hub.page_size
    following = f"{hub.url}{request.path}?{urlencode({**request.query, 'cursor': end})}"
    headers = {"Link": f'<{following}>; rel="next"'} if end < len(items) else {}
    return Answer.json([render(item) for item in items[start:end]], headers=headers)


def _entry(repo: Repository, commit: Commit, path: str, *, expand: bool) -> dict[str, Any]:
    """A file or folder as listings show it."""
    entry: dict[str, Any] = {"type": "directory", "oid": commit.oid(path), "size": 0, "path": path}
    blob = commit.tree.get(path)
    if blob is not None:
        entry |= {"type": "file", "size": blob.size}
        if blob.lfs:
            entry["lfs"] = {"oid": blob.etag, "size": blob.size, "pointerSize": len(blob.pointer)}
    if expand:
        last = repo.last_change(commit, path)
        entry["lastCommit"] = {"id": last.sha, "title": last.title, "date": last.date}
    return entry


def _is_true(text: str) -> bool:
    return text.lower() in ("true", "1")


@endpoint("GET", "/api/datasets/{id}/tree/{revision}(?:/{path})?")
def list_tree(hub: Hub, request: Request, repo_id: str, revision: str, folder: str = "") -> Answer:
    repo = hub.repository(request, repo_id)
    commit = repo.at(revision)
    names = commit.names(folder.strip("/"), recursive=_is_true(request.query.get("recursive", "")))
    if folder and not names:
        raise Refusal(404, f"{folder} does not exist on {revision}", ENTRY)
    expand = _is_true(request.query.get("expand", ""))
    return _page(hub, request, names, lambda path: _entry(repo, commit, path, expand=expand))


@endpoint("POST", "/api/datasets/{id}/paths-info/{revision}")
def paths_info(hub: Hub, request: Request, repo_id: str, revision: str) -> Answer:
    repo = hub.repository(request, repo_id)
    commit = repo.at(revision)
    form = parse_qs(request.body.decode())
    expand = _is_true(form.get("expand", [""])[0])
    found = [path for path in form.get("paths", []) if commit.oid(path)]
    return Answer.json([_entry(repo, commit, path, expand=expand) for path in found])


@endpoint("GET", "/api/datasets/{id}/commits/{revision}")
def list_commits(hub: Hub, request: Request, repo_id: str, revision: str) -> Answer:
    repo = hub.repository(request, repo_id)

    def render(commit: Commit) -> dict[str, Any]:
        authors = [{"user": commit.author}]
        told = {"title": commit.title, "message": commit.message, "date": commit.date}
        return {"id": commit.sha, "authors": authors, **told}

    return _page(hub, request, repo.history(repo.at(revision)), render)


@endpoint("POST", "/api/datasets/{id}/preupload/{revision}")
def preupload(hub: Hub, request: Request, repo_id: str, revision: str) -> Answer:
    tree = hub.repository(request, repo_id, write=True).at(revision).tree
    files = []
    for asked in request.json()["files"]:
        path = asked["path"]
        mode = upload_mode(path, base64.b64decode(asked.get("sample", "")), asked["size"])
        known = {"oid": tree[path].etag} if path in tree else {}
        files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, **known})
    return Answer.json({"files": files})


def _signature(repo_id: str, oid: str, size: int) -> str:
    """What lets a PUT in without a token."""
    return hmac.digest(b"the Hub's secret", f"{repo_id} {oid} {size}".encode(), "sha256").hex()


@endpoint("POST", "/datasets/{id}.git/info/lfs/objects/batch")
def lfs_batch(hub: Hub, request: Request, repo_id: str) -> Answer:
    repo = hub.repository(request, repo_id, write=True)
    objects = []
    for asked in request.json()["objects"]:
        oid, size = asked["oid"], asked["size"]
        signed = urlencode({"size": size, "signature": _signature(repo_id, oid, size)})
        upload = {"href": f"{hub.url}/lfs/{quote(repo_id, safe='')}/{oid}?{signed}"}
        verify = {"href": f"{hub.url}/datasets/{repo_id}.git/info/lfs/objects/verify"}
        actions = {} if oid in repo.lfs else {"actions": {"upload": upload, "verify": verify}}
        objects.append({"oid": oid, "size": size, **actions})
    return Answer.json({"transfer": "basic", "objects": objects})


@endpoint("PUT", "/lfs/{repository}/{oid}")
def lfs_put(hub: Hub, request: Request, repo_id: str, oid: str) -> Answer:
    size = int(request.query["size"])
    if "Authorization" in request.headers:
        raise Refusal(400, "Only one auth mechanism allowed")
    if request.query.get("signature") != _signature(repo_id, oid, size):
        raise Refusal(403, "The request signature we calculated does not match the signature you provided")
    if (hashlib.sha256(request.body).hexdigest(), len(request.body)) != (oid, size):
        raise Refusal(400, "The content does not match its checksum")
    hub.puts.append((oid, size))
    hub.repositories[repo_id].lfs[oid] = request.body
    return Answer(200, headers={"ETag": f'"{oid}"'})


@endpoint("POST", "/datasets/{id}.git/info/lfs/objects/verify")
def lfs_verify(hub: Hub, request: Request, repo_id: str) -> Answer:
    repo = hub.repository(request, repo_id, write=True)
    asked = request.json()
    if len(repo.lfs.get(asked["oid"], b"")) != asked["size"]:
        raise Refusal(404, "The object was not uploaded")
    return Answer.json({})


@endpoint("POST", "/api/datasets/{id}/commit/{branch}")
def make_commit(hub: Hub, request: Request, repo_id: str, branch: str) -> Answer:
    repo = hub.repository(request, repo_id, write=True)
    header, *operations = (json.loads(line) for line in request.body.split(b"\n") if line)
    head = repo.branches.get(branch)
    if head is None:
        raise Refusal(404, f"Invalid rev id: {branch}", REVISION)
    if header["value"].get("parentCommit", head.sha) != head.sha:
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    if hub.max_files_per_commit is not None and len(operations) > hub.max_files_per_commit:
        raise Refusal(413, f"A commit may change {hub.max_files_per_commit} files, not {len(operations)}")
    tree = dict(head.tree)
    for operation in operations:
        _apply(repo, tree, operation["key"], operation["value"])
    about = header["value"]
    made = repo.commit(branch, tree, about["summary"], about.get("description", ""), hub.user(request)[0])
    url = f"{hub.url}/datasets/{repo_id}/commit/{made.sha}"
    return Answer.json({"success": True, "commitOid": made.sha, "commitUrl": url, "hookOutput": ""})


def _apply(repo: Repository, tree: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
    """One line of a commit."""
    path = value["path"]
    match key:
        case "file":
            data = base64.b64decode(value["content"])
            if data and upload_mode(path, data[:512], len(data)) == "lfs":
                raise Refusal(400, f"Your push was rejected because {path} is no text: it belongs in LFS")
            tree[path] = Blob(data, lfs=False)
        case "lfsFile":
            if value["oid"] not in repo.lfs:
                raise Refusal(400, f"LFS pointer pointed to a file that does not exist: {path}")
            tree[path] = Blob(repo.lfs[value["oid"]], lfs=True)
        case "deletedFile" | "deletedFolder":
            folder = path.rstrip("/") + "/"
            gone = [name for name in tree if (name == path if key == "deletedFile" else name.startswith(folder))]
            if not gone:
                raise Refusal(404, f"A file with this name doesn't exist: {path}", ENTRY)
            for name in gone:
                del tree[name]
        case _:
            raise Refusal(400, f"Unknown operation {key}")


@endpoint("HEAD", "/datasets/{id}/resolve/{revision}/{path}")
@endpoint("GET", "/datasets/{id}/resolve/{revision}/{path}")
def resolve(hub: Hub, request: Request, repo_id: str, revision: str, path: str) -> Answer:
    commit = hub.repository(request, repo_id).at(revision)
    if path not in commit.tree:
        raise Refusal(404, "Entry not found", ENTRY, **{"X-Repo-Commit": commit.sha})
    blob = commit.tree[path]
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
    if wanted is None:
        return Answer(200, blob.data, headers)
    first, last = wanted.groups()
    start = int(first) if first else max(0, blob.size - int(last))
    end = min(int(last) + 1, blob.size) if first and last else blob.size
    if start >= end:
        return Answer(416, b"", {**headers, "Content-Range": f"bytes */{blob.size}"})
    return Answer(206, blob.data[start:end], {**headers, "Content-Range": f"bytes {start}-{end - 1}/{blob.size}"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = Hub(f"http://127.0.0.1:{self.server_address[1]}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        fault, hold = hub.take(self.command, path)
        log, answer = hub.requests, None
        try:
            answer = self._answer(fault, hold)
        finally:
            log.append((self.command, path, answer.status if answer else 0))
            if hold:
                hold.done.set()
        if answer:
            self._send(answer)
        else:
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the standard library's names

    def _answer(self, fault: Fault | None, hold: Hold | None) -> Answer | None:
        """What to answer; None to hang up."""
        drop = fault.drop if fault else None
        if drop == "before":
            return None
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length // 2 if self.command == "PUT" else length)
        if drop == "mid" or (hold and not hold.wait()):
            return None
        body += self.rfile.read(length - len(body))
        if len(body) < length:
            return None
        if fault and not drop:
            return fault.answer
        url = urlsplit(self.path)
        request = Request(self.command, url.path, dict(parse_qsl(url.query)), self.headers, body)
        answer = self.server.hub.answer(request)
        return None if drop else answer

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The tests say what went wrong."""


def serve_hub() -> Iterator[Hub]:
    """A Hub on a free port that ends with the generator: the body of a fixture."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.hub.reset()
        server.shutdown()
        server.server_close()
        thread.join()


def run_python(
    code: str, env: Mapping[str, str], *arguments: str, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a client's script to its end; what it said on stderr is shown with a test that fails."""
    done = PYTHON.run(code, env, *arguments, cwd=cwd)
    sys.stderr.write(done.stderr)
    return done


def start_python(code: str, env: Mapping[str, str], *arguments: str) -> Program:
    """Start a client's script, to be killed."""
    return PYTHON.start(code, env, *arguments)
