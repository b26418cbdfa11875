"""Endpoints about users and repositories."""

from collections.abc import Mapping
from typing import Any

from tests.fake_hub.endpoints import endpoint
from tests.fake_hub.git import Blob
from tests.fake_hub.http import ANONYMOUS, Answer, Refusal, Request
from tests.fake_hub.hub import Hub


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
