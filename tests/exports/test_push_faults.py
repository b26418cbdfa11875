"""Pushes that are killed, cut off, refused: what people load stays what it was, and the next push completes."""

from pathlib import Path
from typing import Any

import pytest

from tests.bucket import Bucket
from tests.fake_hub import Hub, run_python
from tests.pushing import COMMAND, REPO, Client
from tests.python import program

SEVERAL = {"configs": "hard", "max_shard_size": "20KB"}


@pytest.fixture
def client(hub: Hub, bucket: Bucket, tmp_path: Path) -> Client:
    return Client(hub, bucket.fill(4), hub.token("anna", orgs=("team",)), tmp_path)


def outgoing(client: Client) -> list[Path]:
    return list((client.home / "cache").rglob(".outgoing*"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("PUT", "/lfs/", id="during an upload"),
        pytest.param("POST", "/validate-yaml", id="before the commit"),
        pytest.param("POST", "/commit/main", id="as the commit arrives"),
    ],
)
def test_killed_the_former_version_stays_and_the_next_push_completes(
    client: Client, hub: Hub, method: str, path: str
) -> None:
    client.push(**SEVERAL, limit=2)
    before = client.load("hard")
    if method == "PUT":
        hub.hold("PUT", "/lfs/").release()  # the first goes through
    held = hub.hold(method, path)
    with client.start_push(**SEVERAL) as push:
        assert held.reached.wait(60)
        push.kill()
    held.release(process=False)
    arrived = len(hub.puts)
    assert client.load("hard", streamed=True) == before
    client.push(**SEVERAL)
    assert len(client.load("hard")["hard"]["rows"]) == 24
    sent = [oid for oid, _ in hub.puts]
    assert 0 < arrived < len(sent) or method != "PUT"
    assert len(sent) == len(set(sent)), "nothing is sent twice"
    assert outgoing(client) == []


def test_killed_after_the_commit_landed_there_is_nothing_left_to_do(client: Client, hub: Hub) -> None:
    held = hub.hold("POST", "/commit/main")
    with client.start_push(**SEVERAL) as push:
        assert held.reached.wait(60)
        push.kill()
    held.release(process=True)
    assert client.push(**SEVERAL)["url"] is None
    assert len(hub.commits(REPO)) == 2


def test_a_lost_answer_to_the_commit_makes_no_second_one(client: Client, hub: Hub) -> None:
    hub.fault("POST", "/commit/main", drop="after")
    assert client.push(**SEVERAL)["url"].endswith(hub.commits(REPO)[0].sha)
    assert len(hub.commits(REPO)) == 2


@pytest.mark.parametrize("drop", ["before", "after", "mid"])
def test_a_connection_that_is_lost_once_costs_a_second_try(client: Client, hub: Hub, drop: Any) -> None:
    hub.fault("PUT", "/lfs/", drop=drop)
    if drop != "mid":
        for method, path in (("POST", "/repos/create"), ("GET", f"/{REPO}$"), ("GET", "/tree/"), ("POST", "/commit/")):
            hub.fault(method, path, drop=drop)
    client.push(**SEVERAL)
    assert len(client.load("hard")["hard"]["rows"]) == 24
    assert len(hub.commits(REPO)) == 2


@pytest.mark.parametrize("status", [412, 429, 500])
def test_a_refusal_that_passes_is_sat_out(client: Client, hub: Hub, status: int) -> None:
    hub.fault("POST", "/commit/main", status=status, times=2)
    client.push(configs="easy")
    assert len(hub.commits(REPO)) == 2


def fails(client: Client, *arguments: str, code: str = COMMAND) -> str:
    """What `vton-hf push` says when it fails: one line, no trail, no token."""
    done = run_python(
        code, client.environment, "push", REPO, client.bucket.prefix, "--configs", "easy", *arguments,
        "--cache-dir", str(client.home / "cache"),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert client.token is None or client.token not in done.stderr + done.stdout
    # The Hub's own bar of an upload may stand in the same line.
    (said,) = [line for line in done.stderr.splitlines() if "vton-hf: error: " in line]
    return said[said.index("vton-hf: error: ") :]


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ("nobody", "There is no token for the Hub. Log in with `hf auth login`, or set HF_TOKEN."),
        ("invalid", "The Hub does not accept the token."),
        ("reader", "The token may not write to 'team/vton'."),
        ("stranger", "The token may not write to 'team/vton'."),
    ],
)
def test_a_token_that_will_not_do_is_told_before_anything_is_built(
    client: Client, hub: Hub, who: str, message: str, tmp_path: Path
) -> None:
    hub.create(REPO)
    token = {
        "nobody": None,
        "invalid": "hf_invalid",
        "reader": hub.token("rita", role="read", orgs=("team",)),
        "stranger": hub.token("eve"),
    }[who]
    said = fails(Client(hub, client.bucket, token, tmp_path / who))
    assert said.startswith(f"vton-hf: error: {message}")
    assert not (tmp_path / who / "cache" / "vton_hf").exists()


def test_a_namespace_that_does_not_exist(client: Client, hub: Hub) -> None:
    hub.reset()
    client = Client(hub, client.bucket, hub.token("anna"), client.home)
    assert "no user or organisation is called 'team'" in fails(client)


def test_a_hub_that_stays_broken(client: Client, hub: Hub) -> None:
    hub.fault("POST", "/commit/", status=503, times=None)
    said = fails(client)
    assert "does not answer as it should (status 503)" in said
    assert "What people load is unchanged" in said
    assert len(hub.commits(REPO)) == 1
    hub.heal()
    sent = len(hub.puts)
    client.push(configs="easy")
    assert len(hub.puts) == sent


def test_a_connection_that_stays_lost(client: Client, hub: Hub) -> None:
    hub.fault("GET", "/api/", drop="before", times=None)
    assert "does not answer as it should (RemoteProtocolError" in fails(client)


def test_no_server_at_all(client: Client) -> None:
    done = run_python(
        COMMAND, client.environment | {"HF_ENDPOINT": "http://127.0.0.1:9"}, "push", REPO, client.bucket.prefix
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("vton-hf: error: The Hub does not answer as it should (ConnectError")


def test_a_commit_that_is_too_large_says_what_to_do(client: Client, hub: Hub) -> None:
    hub.max_files_per_commit = 1
    assert "Take a larger --max-shard-size" in fails(client)


def test_a_request_that_is_refused_says_why(client: Client, hub: Hub) -> None:
    hub.fault("POST", "/commit/", status=400, message="the licence is not one we know")
    assert "The Hub says: the licence is not one we know" in fails(client)


def test_an_upload_that_is_refused_says_why(client: Client, hub: Hub) -> None:
    hub.fault("PUT", "/lfs/", status=403, message="no room left", times=None)
    assert "The token may not write" in fails(client)


def test_offline_is_offline(client: Client) -> None:
    client = Client(client.hub, client.bucket, client.token, client.home)
    done = run_python(COMMAND, client.environment | {"HF_HUB_OFFLINE": "1"}, "push", REPO, client.bucket.prefix)
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert done.returncode == 1


FULL = program("full_disk")

SMALL = program("small_disk")


@pytest.mark.parametrize(
    ("disk", "message"), [(FULL, "is full"), (SMALL, "but has 1.0 kB free")], ids=["full", "small"]
)
def test_a_full_disk(client: Client, hub: Hub, disk: str, message: str) -> None:
    said = fails(client, code=disk + COMMAND)
    assert message in said
    assert "--max-shard-size" in said
    assert hub.puts == []
    assert outgoing(client) == []


def test_an_interrupt_says_that_it_goes_on(client: Client, hub: Hub) -> None:
    import signal

    held = hub.hold("PUT", "/lfs/")
    with client.start_push(configs="easy") as push:
        assert held.reached.wait(60)
        push.send_signal(signal.SIGINT)
        held.release(process=False)
        assert push.wait(60) != 0
    assert outgoing(client) == []
    client.push(configs="easy")
