"""The tests' Hub, as the stock clients see it: pushes, loads, access, history, broken connections."""

import base64
import hashlib
import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hub import Hub, run_python, start_python
from tests.pushing import WITHOUT_TORCH

SETUP = """
    import io, sys
    import datasets, httpx2
    from datasets import Dataset, Image, load_dataset
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem, errors
    from PIL import Image as Pillow

    datasets.disable_progress_bars()
    api = HfApi()

    def rows(count, red):
        images = [Pillow.new("RGB", (8, 8), (red, index, 0)) for index in range(count)]
        return Dataset.from_dict({"image": images, "n": list(range(count))}).cast_column("image", Image())

    def pixels(loaded):
        return [(row["n"], row["image"].getpixel((0, 0))) for row in loaded]

    def expect(error, call, *args, **kwargs):
        try:
            call(*args, **kwargs)
        except error as caught:
            return getattr(getattr(caught, "response", None), "status_code", None), str(caught)
        raise AssertionError(f"{call} did not fail")
"""


def client(hub: Hub, token: str | None, home: Path, code: str) -> None:
    """Run a script in which the clients are imported; it must not fail."""
    assert run_python(SETUP + code, hub.environment(token, home) | WITHOUT_TORCH).returncode == 0


def ask(
    hub: Hub, method: str, path: str, token: str | None = None, body: bytes = b"", **headers: str
) -> tuple[int, Any, bytes]:
    """One bare request: status, headers and body of the answer."""
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"), timeout=10)
    authorization = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request(method, path, body or None, {**authorization, **headers})
    answer = connection.getresponse()
    told = answer.status, answer.headers, answer.read()
    connection.close()
    return told


def commit_body(*operations: tuple[str, dict[str, Any]], **header: str) -> bytes:
    lines = [("header", {"summary": "by hand", **header}), *operations]
    return b"\n".join(json.dumps({"key": key, "value": value}).encode() for key, value in lines)


def test_what_is_pushed_is_loaded_and_streamed(hub: Hub, tmp_path: Path) -> None:
    token = hub.token("ann", orgs=["team"])
    push = """
    rows(6, 10).push_to_hub("team/set", "easy", private=True, num_shards=2)
    rows(3, 20).push_to_hub("team/set", "hard", private=True)
    before = api.dataset_info("team/set").sha
    rows(6, 10).push_to_hub("team/set", "easy", private=True, num_shards=2)
    assert api.dataset_info("team/set").sha == before
    rows(4, 30).push_to_hub("team/set", "easy", private=True)
    """
    client(hub, token, tmp_path / "pusher", push)
    assert hub.repositories["team/set"].private
    assert [path for path in hub.files("team/set") if path.endswith(".parquet")] == [
        "easy/train-00000-of-00001.parquet",
        "hard/train-00000-of-00001.parquet",
    ]
    newest, before, _, first = hub.commits("team/set")
    assert [newest.author, newest.parent, first.title] == ["ann", before.sha, "initial commit"]
    assert len(hub.puts) == len(set(hub.puts)) == 4
    assert hub.files("team/set", before.sha).keys() > {f"easy/train-0000{n}-of-00002.parquet" for n in (0, 1)}
    load = f"""
    expected = [(n, (30, n, 0)) for n in range(4)]
    assert pixels(load_dataset("team/set", "easy", split="train")) == expected
    assert pixels(load_dataset("team/set", "easy", split="train", streaming=True)) == expected
    assert pixels(load_dataset("team/set", "hard", split="train")) == [(n, (20, n, 0)) for n in range(3)]
    older = load_dataset("team/set", "easy", split="train", revision="{before.sha}", streaming=True)
    assert pixels(older) == [(n, (10, n, 0)) for n in range(6)]
    # Threads of a stream of stock `datasets` now and then abort an interpreter that ends.
    import os
    os._exit(0)
    """
    client(hub, hub.token("bob", role="read", orgs=["team"]), tmp_path / "loader", load)
    assert ("GET", "/datasets/team/set/resolve/main/README.md", 200) in hub.requests


def test_history_listings_and_downloads(hub: Hub, tmp_path: Path) -> None:
    token = hub.token("ann", orgs=["team"])
    hub.page_size = 2
    code = """
    assert api.whoami()["orgs"][0]["name"] == "team"
    assert api.create_repo("set", repo_type="dataset", visibility="private").repo_id == "ann/set"
    assert api.create_repo("ann/set", repo_type="dataset", exist_ok=True).repo_id == "ann/set"
    assert expect(errors.HfHubHTTPError, api.create_repo, "ann/set", repo_type="dataset")[0] == 409
    options = {"repo_id": "ann/set", "repo_type": "dataset"}
    names = [f"in/folder/{n}.txt" for n in range(3)] + ["in/big.bin", "top.txt"]
    adds = [CommitOperationAdd(name, name.encode()) for name in names]
    first = api.create_commit(**options, operations=adds, commit_message="five").oid
    api.upload_file(**options, path_in_repo="top.txt", path_or_fileobj=b"new top")
    assert api.upload_file(**options, path_in_repo="top.txt", path_or_fileobj=b"new top").oid == api.dataset_info("ann/set").sha
    late = {"operations": [CommitOperationAdd("late.txt", b"late")], "commit_message": "late"}
    status, message = expect(errors.HfHubHTTPError, api.create_commit, **options, **late, parent_commit=first)
    assert status == 412 and "A commit has happened since" in message

    tree = list(api.list_repo_tree(**options, recursive=True, expand=True))
    assert [entry.path for entry in tree] == sorted([*names, ".gitattributes", "in", "in/folder"])
    last = {entry.path: entry.last_commit.title for entry in tree}
    assert (last["in"], last["top.txt"]) == ("five", "Upload top.txt with huggingface_hub")
    assert [entry.path for entry in api.list_repo_tree(**options, path_in_repo="in")] == ["in/big.bin", "in/folder"]
    big, folder = api.get_paths_info(**options, paths=["in/big.bin", "in/folder", "missing"], expand=True)
    assert (big.lfs.size, big.last_commit.oid) == (10, first)
    assert [commit.title for commit in api.list_repo_commits(**options)][1:] == ["five", "initial commit"]

    api.create_branch(**options, branch="side/way", revision=first)
    api.create_commit(**options, revision="side/way", commit_message="less", operations=[
        CommitOperationDelete("in/folder/"), CommitOperationDelete("in/big.bin")])
    assert {ref.name for ref in api.list_repo_refs(**options).branches} == {"main", "side/way"}
    assert api.list_repo_files(**options, revision="side/way") == [".gitattributes", "top.txt"]
    expect(errors.EntryNotFoundError, api.delete_file, **options, path_in_repo="missing")
    expect(errors.RevisionNotFoundError, api.dataset_info, "ann/set", revision="missing")
    expect(errors.EntryNotFoundError, api.hf_hub_download, **options, filename="missing")

    from pathlib import Path
    snapshot = Path(api.snapshot_download(**options, revision=first))
    assert {str(path.relative_to(snapshot)) for path in snapshot.rglob("*.*")} == {*names, ".gitattributes"}
    assert (snapshot / "top.txt").read_bytes() == b"top.txt"
    assert HfFileSystem().cat_file("datasets/ann/set/in/big.bin", start=3, end=6) == b"big"
    assert HfFileSystem().read_text("datasets/ann/set@side%2Fway/top.txt") == "top.txt"
    api.update_repo_settings(**options, private=False)
    assert HfApi(token=False).dataset_info("ann/set").private is False
    """
    client(hub, token, tmp_path, code)
    assert hub.files("ann/set")["top.txt"] == b"new top"
    assert hub.files("ann/set", "side/way") == {"top.txt": b"top.txt"}
    assert hub.puts == [(hashlib.sha256(b"in/big.bin").hexdigest(), 10)]


def test_each_token_reaches_what_it_may(hub: Hub, tmp_path: Path) -> None:
    owner, reader, other = hub.token("ann"), hub.token("ann", role="read"), hub.token("bob", orgs=["club"])
    for name, private in (("closed", True), ("open", False)):
        hub.create(f"ann/{name}", private=private)
        hub.write(f"ann/{name}", {"a.csv": b"n\n1\n"})
    paths = "/api/datasets/ann/closed", "/datasets/ann/closed/resolve/main/a.csv"
    answers = [
        {ask(hub, "GET", path, token)[0] for path in paths} for token in (None, "hf_wrong", other, reader, owner)
    ]
    assert answers == [{401}, {401}, {404}, {200}, {200}]
    code = f"""
    load = lambda name, token: load_dataset("ann/" + name, split="train", token=token)["n"][:]
    missing = datasets.exceptions.DatasetNotFoundError
    expect(missing, load, "closed", False)
    expect(missing, load, "closed", "{other}")
    expect(missing, load, "missing", "{owner}")
    assert expect(errors.HfHubHTTPError, load, "closed", "hf_wrong")[0] == 401
    assert load("open", False) == load("open", "{other}") == load("closed", "{reader}") == [1]

    def upload(repo_id, token):
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo_id, repo_type="dataset", token=token)

    def create(repo_id, token):
        api.create_repo(repo_id, repo_type="dataset", private=True, token=token)

    for call, name, token, status, words in (
        (upload, "ann/closed", False, 401, "Invalid username or password"),
        (upload, "ann/closed", "{other}", 404, "Repository Not Found"),
        (upload, "ann/open", "{other}", 403, "Authorization error"),
        (upload, "ann/closed", "{reader}", 403, "write token"),
        (create, "ann/new", False, 401, "Invalid username or password"),
        (create, "ann/new", "hf_wrong", 401, "Invalid credentials"),
        (create, "ann/new", "{reader}", 403, "rights to create a dataset"),
        (create, "club/new", "{owner}", 403, "rights to create a dataset"),
        (create, "nowhere/new", "{owner}", 404, 'namespace "nowhere" does not exist'),
    ):
        found, message = expect(errors.HfHubHTTPError, call, name, token)
        assert found == status and words in message, (name, token, found, message)
    create("club/new", "{other}")
    """
    client(hub, None, tmp_path, code)
    assert sorted(hub.repositories) == ["ann/closed", "ann/open", "club/new"]
    assert len(hub.commits("ann/open")) == len(hub.commits("ann/closed")) == 2


@pytest.mark.parametrize(
    ("method", "path", "process"),
    [("PUT", "^/lfs/ann/set/", False), ("POST", "/commit/main$", False), ("POST", "/commit/main$", True)],
    ids=["in a shard", "at the commit", "when the commit was sent"],
)
def test_a_push_is_killed(hub: Hub, tmp_path: Path, method: str, path: str, process: bool) -> None:
    repo = hub.create("ann/set")
    before = hub.write("ann/set", {"README.md": b"# Before\n"})
    hold = hub.hold(method, path)
    code = SETUP + '    rows(50, 1).push_to_hub("ann/set")'
    with start_python(code, hub.environment(hub.token("ann"), tmp_path)) as pusher:
        assert hold.reached.wait(60)
        pusher.kill()
    hold.release(process=process)
    assert (hub.commits("ann/set")[0].sha != before) == process
    assert len(repo.lfs) == len(hub.puts) == (method == "POST")


def test_connections_break_and_servers_fail_as_told(hub: Hub, tmp_path: Path) -> None:
    token = hub.token("ann")
    for name in ("flaky", "before", "lost", "limit"):
        hub.create(f"ann/{name}")
    mid = hub.fault("PUT", "^/lfs/ann/flaky/", drop="mid")
    busy = hub.fault("PUT", "^/lfs/ann/flaky/", status=429, headers={"Retry-After": "0"})
    hub.fault("POST", "ann/before/commit", drop="before", times=None)
    hub.fault("POST", "ann/lost/commit", drop="after")
    hub.max_files_per_commit = 2
    code = """
    def upload(name, *paths):
        adds = [CommitOperationAdd(path, path.encode() * 20_000) for path in paths]
        return api.create_commit(f"ann/{name}", adds, commit_message="add", repo_type="dataset")

    upload("flaky", "a.bin")
    expect(httpx2.TransportError, upload, "before", "a.bin")
    expect(httpx2.RemoteProtocolError, upload, "lost", "a.bin")
    head = api.dataset_info("ann/lost").sha
    assert upload("lost", "a.bin").oid == head
    assert expect(errors.HfHubHTTPError, upload, "limit", "a.bin", "b.bin", "c.bin")[0] == 413
    """
    client(hub, token, tmp_path, code)
    assert [mid.hits, busy.hits] == [1, 1]
    assert [len(hub.commits(f"ann/{name}")) for name in ("flaky", "before", "lost", "limit")] == [2, 1, 2, 1]
    statuses = [status for method, path, status in hub.requests if method == "PUT" and "flaky" in path]
    assert statuses == [0, 429, 200]
    assert [size for _, size in hub.puts] == [100_000] * 6
    hub.heal()
    operation = ("file", {"path": "b.txt", "content": base64.b64encode(b"text").decode()})
    assert ask(hub, "POST", "/api/datasets/ann/before/commit/main", token, commit_body(operation))[0] == 200
    assert hub.files("ann/before") == {"b.txt": b"text"}


def test_an_upload_must_be_signed_whole_and_there_before_the_commit(hub: Hub) -> None:
    token = hub.token("ann")
    hub.create("ann/set")
    data = b"0123456789"
    oid = hashlib.sha256(data).hexdigest()
    commit = "/api/datasets/ann/set/commit/main"
    pointer = commit_body(("lfsFile", {"path": "a.bin", "algo": "sha256", "oid": oid, "size": 10}))
    assert ask(hub, "POST", commit, token, pointer)[0] == 400
    regular = commit_body(("file", {"path": "a.bin", "content": base64.b64encode(data).decode()}))
    assert ask(hub, "POST", commit, token, regular)[0] == 400
    wanted = json.dumps({"objects": [{"oid": oid, "size": 10}]}).encode()
    batch = "/datasets/ann/set.git/info/lfs/objects/batch"
    (missing,) = json.loads(ask(hub, "POST", batch, token, wanted)[2])["objects"]
    href = missing["actions"]["upload"]["href"].removeprefix(hub.url)
    assert ask(hub, "PUT", href + "0", body=data)[0] == 403
    assert ask(hub, "PUT", href, token, data)[0] == 400
    assert ask(hub, "PUT", href, body=b"another...")[0] == 400
    assert ask(hub, "PUT", href, body=data)[0] == 200
    assert ask(hub, "POST", commit, token, pointer)[0] == 200
    assert json.loads(ask(hub, "POST", batch, token, wanted)[2])["objects"] == [{"oid": oid, "size": 10}]
    assert ask(hub, "POST", commit, token, commit_body())[0] == 200
    assert [len(commit.tree) for commit in hub.commits("ann/set")] == [2, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("", 200, b"0123456789", None),
    ],
)
def test_a_part_of_a_file(hub: Hub, wanted: str, status: int, body: bytes, content_range: str | None) -> None:
    hub.create("ann/set", private=False)
    sha = hub.write("ann/set", {"a.bin": b"0123456789"})
    found = ask(hub, "GET", "/datasets/ann/set/resolve/main/a.bin", Range=wanted)
    assert (found[0], found[2], found[1]["Content-Range"]) == (status, body, content_range)
    assert found[1]["X-Repo-Commit"] == sha
    assert found[1]["ETag"] == f'"{hashlib.sha256(b"0123456789").hexdigest()}"'
    assert ask(hub, "HEAD", "/datasets/ann/set/resolve/main/a.bin")[1]["Content-Length"] == "10"
