"""Endpoints through which files arrive: preupload, LFS, commits."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote, urlencode

from tests.fake_hub.endpoints import endpoint
from tests.fake_hub.git import Blob, Repository, upload_mode
from tests.fake_hub.http import ENTRY, REVISION, Answer, Refusal, Request
from tests.fake_hub.hub import Hub


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
