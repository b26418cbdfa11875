"""`push_to_hub`: what arrives, who may see it, what happens to what was there; real clients in fresh processes."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.bucket import Bucket, loader
from tests.fake_hub import Hub, run_python
from tests.pushing import COMMAND, PUSH, REPO, Client, seen
from tests.s3 import MotoS3
from vton_hf.demo import write_demo_bucket

LOAD_ONLY = "from datasets import load_dataset; print(len(load_dataset('team/vton', 'hard', split='train')))"


@pytest.fixture
def client(hub: Hub, bucket: Bucket, tmp_path: Path) -> Client:
    """Anna of the team, with two triplets of each difficulty and gender."""
    return Client(hub, bucket.fill(2), hub.token("anna", orgs=("team",)), tmp_path)


def shards(hub: Hub, config: str = "") -> list[str]:
    return [name for name in hub.files(REPO) if name.startswith(config) and name.endswith(".parquet")]


def card(hub: Hub) -> str:
    return hub.files(REPO)["README.md"].decode()


def test_all_three_mixes_come_back_as_they_were(client: Client, hub: Hub) -> None:
    pushed = client.push()
    assert pushed["url"].startswith(f"{hub.url}/datasets/{REPO}/commit/")
    load = loader(client.bucket.prefix, client.home / "cache")
    wanted = {name: seen(load(name)) for name in ("easy", "medium", "hard")}
    assert client.load("easy", "medium", "hard", streamed=True) == wanted
    assert hub.repositories[REPO].private
    assert [commit.title for commit in hub.commits(REPO)] == ["Push easy, medium, hard", "initial commit"]


def test_what_leaves_names_no_place_of_the_bucket(client: Client, hub: Hub) -> None:
    client.push(configs="easy")
    assert not any(str(client.home).encode() in data for data in hub.files(REPO).values())


def test_others_cannot_load_it(client: Client, hub: Hub, tmp_path: Path) -> None:
    client.push(configs=["hard"])
    hidden = "doesn't exist on the Hub or cannot be accessed"
    for token, said in ((None, hidden), (hub.token("eve"), hidden), ("hf_wrong", "Invalid credentials")):
        done = run_python(LOAD_ONLY, hub.environment(token, tmp_path / f"home of {token}"))
        assert done.returncode == 1
        assert said in done.stderr


def test_the_same_again_sends_nothing_and_commits_nothing(client: Client, hub: Hub) -> None:
    client.push()
    sent, before = list(hub.puts), hub.commits(REPO)
    again = client.push()
    assert again["url"] is None
    assert again["new"] == [0, 0, 0]
    assert hub.puts == sent
    assert hub.commits(REPO) == before


def test_from_another_machine_the_same_bucket_changes_nothing(client: Client, hub: Hub, tmp_path: Path) -> None:
    client.push(configs="hard")
    other = Client(hub, client.bucket, client.token, tmp_path / "other")
    # Not `other.push`: on another machine hashes have another seed.
    command = [sys.executable, "-c", PUSH, json.dumps([REPO, other.options(configs="hard")])]
    done = subprocess.run(command, env=other.environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["url"] is None


def test_rows_of_keys_only_are_sent_with_their_images(client: Client, hub: Hub) -> None:
    client.push(configs="hard", embed_images=False)
    assert client.load("hard") == {"hard": seen(loader(client.bucket.prefix, client.home / "own")("hard"))}
    assert not (client.home / "cache" / "vton_hf" / "chunks").exists()


def test_rows_of_keys_only_cost_one_get_an_image_and_nothing_else(hub: Hub, s3: MotoS3, tmp_path: Path) -> None:
    write_demo_bucket(lambda key, data: s3.put("photos", key, data), count=3, size=(64, 48))
    s3.reset_counts()
    client = Client(hub, Bucket(tmp_path), hub.token("anna", orgs=("team",)), tmp_path)
    place = {"s3_prefixes": ["s3://photos/dataset_ultimate/"], "storage_options": s3.storage_options}
    client.push(configs="easy", embed_images=False, **place)
    # Six triplets in one file, and four of them on the contact sheet.
    assert sum(s3.gets().values()) == (6 + 4) * 3
    assert {method for method, _ in s3.counts()} == {"GET"}


def test_a_smaller_dataset_leaves_no_file_of_the_larger(client: Client, hub: Hub) -> None:
    client.push(max_shard_size="20KB")
    before = {config: shards(hub, config) for config in ("easy", "medium", "hard")}
    client.push(configs="hard", limit=1, max_shard_size="20KB")
    assert len(shards(hub, "hard")) < len(before["hard"])
    assert shards(hub, "easy") == before["easy"]
    assert len(client.load("hard")["hard"]["rows"]) == 3
    assert len([name for name in hub.files(REPO) if name.startswith("hard/.contact_sheet")]) == 1


def test_bars_are_for_terminals_and_those_of_others_are_left_as_they_were(client: Client) -> None:
    code = PUSH + "\nfrom huggingface_hub.utils import are_progress_bars_disabled\nprint(are_progress_bars_disabled())"
    done = run_python(code, client.environment, json.dumps([REPO, client.options()]))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "False")
    assert "%|" not in done.stderr
    wanted = client.environment | {"HF_HUB_DISABLE_PROGRESS_BARS": "0"}
    done = run_python(PUSH, wanted, json.dumps([REPO, client.options(limit=1)]))
    assert done.returncode == 0
    assert "parquet: 100%|" in done.stderr


def test_a_repository_of_stock_push_to_hub_is_taken_over(client: Client, hub: Hub) -> None:
    stock = """
        import json, sys, vton_hf
        repo_id, options = json.loads(sys.argv[1])
        vton_hf.load("hard", **options).push_to_hub(repo_id, "hard", private=True)
    """
    assert run_python(stock, client.environment, json.dumps([REPO, client.options(seed=5)])).returncode == 0
    client.push(configs="hard")
    assert len(shards(hub, "hard")) == 1
    assert client.load("hard") == {"hard": seen(loader(client.bucket.prefix, client.home / "cache")("hard"))}


def test_many_files_are_shown_by_one_commit(client: Client, hub: Hub, bucket: Bucket) -> None:
    bucket.fill(20)
    hub.page_size = 7
    client.push(configs="hard", max_shard_size="14KB")
    assert len(shards(hub)) > 50
    assert len(hub.commits(REPO)) == 2
    client.push(configs="hard", max_shard_size="14KB", seed=1)
    assert len(hub.commits(REPO)) == 3
    assert len(client.load("hard", streamed=True)["hard"]["rows"]) == 120


def test_files_are_no_larger_than_asked(client: Client, hub: Hub, bucket: Bucket) -> None:
    bucket.fill(30)
    client.push(max_shard_size="50KB")
    sizes = [len(data) for name, data in hub.files(REPO).items() if name.endswith(".parquet")]
    assert len(sizes) > 3
    assert max(sizes) <= 50_000


def test_two_configs_at_once_both_land(client: Client, hub: Hub) -> None:
    client.push(configs="medium")
    held = hub.hold("POST", "/commit/")
    with client.start_push(configs="easy") as first:
        assert held.reached.wait(60)
        client.push(configs="hard")
        held.release()
        assert first.wait(60) == 0
    assert ("POST", f"/api/datasets/{REPO}/commit/main", 412) in hub.requests
    assert {len(found["rows"]) for found in client.load("easy", "medium", "hard").values()} == {4, 8, 12}


def test_a_public_repository_is_refused_with_the_way_out(client: Client, hub: Hub) -> None:
    hub.create(REPO, private=False)
    done = client.command("push", REPO, client.bucket.prefix)
    assert done.returncode == 1
    assert "is public" in done.stderr
    assert "--public" in done.stderr
    assert "Traceback" not in done.stderr
    assert hub.puts == []
    client.push(private=False, configs="easy")
    assert shards(hub)


def test_a_repository_that_turns_public_meanwhile_is_not_written_to(client: Client, hub: Hub) -> None:
    hub.create(REPO)
    held = hub.hold("PUT", "/lfs/")
    with client.start_push(configs="easy") as push:
        assert held.reached.wait(60)
        hub.repositories[REPO].private = False
        held.release()
        assert push.wait(60) == 1
    assert shards(hub) == []


def test_what_people_wrote_into_the_card_stays(client: Client, hub: Hub) -> None:
    client.push(license="cc-by-nc-4.0")
    ours = card(hub)
    theirs = (
        ours.replace("license: cc-by-nc-4.0", "license: cc-by-nc-4.0\nlanguage:\n- en") + "\n## Our notes\n\nAsk Jo.\n"
    )
    hub.write(REPO, {"README.md": theirs.encode()})
    client.push(seed=3)
    now = card(hub)
    assert "language:\n- en" in now
    assert "license: cc-by-nc-4.0" in now
    assert now.endswith("\n## Our notes\n\nAsk Jo.\n")
    assert "| seed | `3` |" in now


def test_a_card_that_cannot_be_merged_is_told_before_anything_is_sent(client: Client, hub: Hub) -> None:
    hub.create(REPO)
    hub.write(REPO, {"README.md": b"---\n- no: mapping\n  at: [all\n---\nmine\n"})
    done = client.command("push", REPO, client.bucket.prefix, "--configs", "easy")
    assert done.returncode == 2
    assert "README.md" in done.stderr
    assert "Building" not in done.stderr
    hub.write(REPO, {"README.md": "für".encode("latin-1")})
    done = client.command("push", REPO, client.bucket.prefix, "--configs", "easy")
    assert "README.md of team/vton is not UTF-8" in done.stderr
    assert hub.puts == []


def test_the_card_tells_what_is_in_it_and_how_it_was_made(client: Client, hub: Hub, bucket: Bucket) -> None:
    bucket.drop("dataset_ultimate/hard/male/cloth_image/001_cloth_dress.png")
    client.push(configs="hard", seed=7, gender="male", epoch_size=8)
    text = card(hub)
    assert "license: unknown" in text
    assert "| hard | 50% | 4 | 4 |" in text
    for told in ("| seed | `7` |", "| gender | `male` |", "| epoch_size | `8` |", "incomplete"):
        assert told in text
    assert "![Triplets of hard](hard/.contact_sheet-" in text
    (sheet,) = [data for name, data in hub.files(REPO).items() if name.endswith(".png")]
    assert sheet.startswith(b"\x89PNG")


def test_a_dry_run_tells_and_does_nothing(client: Client, hub: Hub) -> None:
    done = client.command("push", REPO, client.bucket.prefix, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2:6] == [
        "config/split  rows  files     size  new files  new size",
        "easy/train       4      1   7.9 kB          1    7.9 kB",
        "medium/train     8      1  15.8 kB          1   15.8 kB",
        "hard/train      12      1  23.8 kB          1   23.8 kB",
    ]
    assert REPO not in hub.repositories
    assert not (client.home / "cache" / "vton_hf" / "chunks").exists()
    client.push()
    done = client.command("push", REPO, client.bucket.prefix, "--dry-run")
    assert "easy/train       4      1   7.9 kB          0       0 B" in done.stdout
    assert len(hub.commits(REPO)) == 2


@pytest.mark.parametrize("token", [None, "of a stranger"])
def test_a_look_needs_no_token(client: Client, hub: Hub, token: str | None) -> None:
    somebody = Client(hub, client.bucket, token and hub.token("eve"), client.home)
    done = somebody.command("push", REPO, client.bucket.prefix, "--dry-run", "--configs", "easy")
    assert done.returncode == 0, done.stderr
    assert "easy/train       4      1  7.9 kB          1    7.9 kB" in done.stdout
    assert ("team/vton was not looked at, so all counts as new: There is no token" in done.stderr) == (token is None)


@pytest.mark.parametrize("offline", [True, False])
def test_a_look_needs_no_hub(client: Client, hub: Hub, offline: bool) -> None:
    hub.fault("GET", "/api/datasets", status=503, times=None)
    environment = client.environment | ({"HF_HUB_OFFLINE": "1"} if offline else {})
    done = run_python(COMMAND, environment, "push", REPO, client.bucket.prefix, "--dry-run", "--configs", "easy")
    assert done.returncode == 0, done.stderr
    assert "easy/train       4      1  7.9 kB          1    7.9 kB" in done.stdout
    assert "team/vton was not looked at, so all counts as new: " in done.stderr
    assert REPO not in hub.repositories


@pytest.mark.parametrize("options", [{}, {"embed_images": False}], ids=["built", "from the bucket"])
def test_the_contact_sheet_of_an_earlier_version_gives_way(client: Client, hub: Hub, options: dict[str, Any]) -> None:
    client.push(configs="hard", **options)
    (sheet,) = [name for name in hub.files(REPO) if name.endswith(".png")]
    former = sheet.replace("/.", "/")
    there = hub.files(REPO)
    old = card(hub).replace(sheet, former).encode()
    hub.write(REPO, {former: there[sheet], sheet: None, "README.md": old})
    client.push(configs="hard", **options)
    assert [name for name in hub.files(REPO) if name.endswith(".png")] == [sheet]
    assert f"]({sheet})" in card(hub)
    assert hub.puts.count(hub.puts[0]) == 1, "no image is sent twice"


def test_a_file_that_no_card_names_is_somebodys_own(client: Client, hub: Hub) -> None:
    hub.create(REPO)
    hub.write(REPO, {"hard/test-00000-of-00001.parquet": b"theirs"})
    client.push(configs="hard")
    assert hub.files(REPO)["hard/test-00000-of-00001.parquet"] == b"theirs"


def test_a_licence_that_the_hub_refuses_is_told_before_anything_is_sent(client: Client, hub: Hub) -> None:
    hub.fault("POST", "/validate-yaml", status=400, message="license must be one of ...", times=None)
    done = client.command("push", REPO, client.bucket.prefix, "--configs", "easy", "--license", "ours")
    assert done.returncode == 1
    assert "license must be one of" in done.stderr
    assert hub.puts == []


def test_splits_are_pushed_by_name(client: Client, hub: Hub) -> None:
    client.push(configs="easy", split={"train": "train[:75%]", "validation": "train[75%:]"})
    code = """
        from datasets import load_dataset
        for name, rows in load_dataset("team/vton", "easy").items():
            print(name, len(rows))
    """
    assert run_python(code, client.environment).stdout.split("\n")[:2] == ["train 3", "validation 1"]
    with pytest.raises(AssertionError, match="leaves 'validation' of 'easy' without a row"):
        client.push(configs="easy", split={"validation": "train[:0]", "train": "train"})


def test_a_branch_can_be_pushed_to(client: Client, hub: Hub) -> None:
    hub.create(REPO)
    client.push(configs="easy", revision="trial", dry_run=True)
    assert list(hub.repositories[REPO].branches) == ["main"], "a dry run makes nothing"
    client.push(configs="easy", revision="trial", commit_message="Try it")
    assert [commit.title for commit in hub.commits(REPO, "trial")] == ["Try it", "initial commit"]
    assert "README.md" not in hub.files(REPO)
    assert len(client.load("easy", revision="trial")["easy"]["rows"]) == 4


def test_composition_and_repeats_are_those_of_the_mix(client: Client) -> None:
    client.push(configs="hard", epoch_size=40)
    rows: list[Any] = client.load("hard")["hard"]["rows"]
    assert Counter(row[1] for row in rows) == {"easy": 10, "medium": 10, "hard": 20}
    assert set(Counter(row[0] for row in rows if row[1] == "hard").values()) == {5}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"configs": ["hard", "harder"]}, "configs must be"),
        ({"streaming": True}, "streaming="),
        ({"private": "yes"}, "private must be"),
        ({"max_shard_size": "2 apples"}, "max_shard_size must be"),
        ({"split": ["train"]}, "split must be"),
        ({"split": {"all": "train"}}, "split must be"),
        ({"mixing": "interleave", "embed_images": False}, "mixing='interleave' mixes what is built"),
        ({"columns": "caption", "caption": "{stem:>2000000000}"}, "caption='{stem:>2000000000}' asks for"),
        ({"licence": "mit"}, "Unknown option 'licence'. Did you mean 'license'?"),
        ({"config": "hard"}, "Unknown option 'config'. Did you mean 'configs'?"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_the_hub_is_asked(
    bucket: Bucket, options: dict[str, Any], message: str
) -> None:
    import vton_hf

    with pytest.raises(vton_hf.ConfigError) as caught:
        vton_hf.push_to_hub(REPO, s3_prefixes=[bucket.prefix], **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["vton", "a/b/c", "", None, "team/..", "team/a b"])
def test_a_name_without_namespace_is_refused(bucket: Bucket, name: Any) -> None:
    import vton_hf

    with pytest.raises(vton_hf.ConfigError, match=r"^repo_id must be|^repo_id=.* cannot be"):
        vton_hf.push_to_hub(name, s3_prefixes=[bucket.prefix])


def test_a_colleague_loads_each_split_by_its_name(client: Client, hub: Hub) -> None:
    for difficulty in ("easy", "medium", "hard"):
        for number in range(40):
            client.bucket.add_triplet(difficulty, "female", f"p{number % 10}_{number}")
    how = {"splits": {"test": 0.4}, "split_by": "person", "entities": r"(?P<person>^p?\d+)", "configs": ["hard"]}
    client.push(**how)
    own = {name: value for name, value in how.items() if name != "configs"}
    load = loader(client.bucket.prefix, client.home / "cache", **own)
    for split in ("train", "test"):
        assert client.load("hard", split=split)["hard"] == seen(load("hard", split=split))
    assert "no person is in two splits" in card(hub)
    (manifest,) = [name for name in hub.files(REPO) if "split_manifest" in name]
    (client.home / "theirs.parquet").write_bytes(hub.files(REPO)[manifest])
    theirs = loader(client.bucket.prefix, client.home / "other", splits=str(client.home / "theirs.parquet"))
    assert theirs("hard", split="test")["key"][:] == load("hard", split="test")["key"][:]
    commits = len(hub.commits(REPO))
    client.push(**how)
    assert len(hub.commits(REPO)) == commits
    assert client.push(**{**how, "splits": {"test": 0.5}})["url"]
    assert [name for name in hub.files(REPO) if "split_manifest" in name] != [manifest]
