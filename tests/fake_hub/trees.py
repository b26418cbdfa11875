"""Endpoints that look into a repository."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.fake_hub.endpoints import endpoint
from tests.fake_hub.git import Commit, Repository
from tests.fake_hub.http import ENTRY, Answer, Refusal, Request
from tests.fake_hub.hub import Hub


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
