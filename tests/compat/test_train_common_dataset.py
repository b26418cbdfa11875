"""What the module this package replaces promised: each block of its description runs, with another import line."""

import ast
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torchvision import transforms

import vton_hf
from tests import faults
from tests.bucket import ROOT, Bucket, png, triplet_keys
from tests.python import TRAINERS, program
from tests.s3 import MotoS3
from vton_hf.demo import write_demo_bucket
from vton_hf.errors import ConfigError, EmptyPoolError, VTONError
from vton_hf.naming import DIFFICULTIES, ROLES, parse_key

DESCRIPTION = (Path(__file__).parent / "specification.txt").read_text(encoding="utf-8")
COUNTS = {"easy": {"female": 4, "male": 3}, "medium": {"female": 5, "male": 3}, "hard": {"female": 6, "male": 2}}
TORCH_SAYS = (
    "'pin_memory' argument is set as true but no accelerator is found",
    "This DataLoader will create 4 worker processes in total",
)
"""Of a machine without a GPU, and of one with fewer than 4 cores; all other warnings are errors."""

TIPS = "dataloader = DataLoader(dataset, batch_size=4, num_workers=4, pin_memory=True, prefetch_factor=2)"

DRIVER = program("train_common_dataset")


def under(heading: str, language: str = "") -> list[str]:
    """The blocks below a heading, up to the next."""
    _, _, rest = DESCRIPTION.partition(f"# {heading}\n")
    return re.findall(rf"```{language}\n(.*?)```", re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0], re.DOTALL)


def python_blocks() -> Iterator[tuple[str, str]]:
    """Heading and code of each, as in the description but for the module's name."""
    heading = ""
    for title, code in re.findall(r"^#{2,} ([^\n]*)$|^```python\n(.*?)^```$", DESCRIPTION, re.MULTILINE | re.DOTALL):
        heading = title or heading
        if code:
            yield heading, code.replace("from train.common.dataset import", "from vton_hf import")


def variables(block: str) -> dict[str, str]:
    """The variables that a block of `export X="..."` or of Python sets."""
    return dict(re.findall(r'^(?:export )?(\w+) ?= ?"(.*)"$', block, re.MULTILINE))


EXPORTS = variables(under("Environment Variables", "bash")[0])


@pytest.fixture(scope="module")
def ran(s3_server: MotoS3, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each block left behind, by heading: all of them ran in order, in one process, once for all test workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    results = folder / "train-common-dataset.jsonl"
    with FileLock(f"{results}.lock"):
        if not results.exists():
            results.write_text(run_blocks(s3_server, tmp_path_factory.mktemp("home")))
    return dict(json.loads(line) for line in results.read_text().splitlines())


def run_blocks(s3_server: MotoS3, home: Path) -> str:
    """A line of JSON for each block: its heading, and what it left behind."""
    s3_server.reset()
    bucket = EXPORTS["S3_BUCKET_NAME"]

    def put(key: str, data: bytes) -> None:
        parsed = parse_key(key)
        if int(parsed.stem) <= COUNTS[parsed.difficulty][parsed.gender]:
            s3_server.put(bucket, key, data)

    write_demo_bucket(put, count=6, size=(64, 48))
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
    environment |= EXPORTS | {"AWS_ENDPOINT_URL": s3_server.url, "HF_HOME": str(home)}
    blocks = [*python_blocks(), ("Performance Tips", TIPS)]
    done = TRAINERS.run(DRIVER, environment, json.dumps([TORCH_SAYS, blocks]), cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert not re.search(r"Traceback|Exception ignored|\w+Warning:", done.stderr), done.stderr
    return done.stdout


def dataset(kind: str, *, female: bool = True, male: bool = True, **got: int) -> dict[str, Any]:
    """What is told of one: its class, and the rows of each difficulty."""
    folders = {"female": female, "male": male}
    available = {name: sum(n for gender, n in COUNTS[name].items() if folders[gender]) for name in got}
    rows = dict.fromkeys(DIFFICULTIES, 0) | got
    return {"class": kind, "len": sum(got.values()), "got": rows, "available": available}


EASY, MEDIUM, HARD = "S3VTONDatasetEasy", "S3VTONDatasetMedium", "S3VTONDatasetHard"


LEFT = {
    "Basic Usage": {
        "dataset_easy": dataset(EASY, easy=7),
        "dataset_medium": dataset(MEDIUM, male=False, easy=3, medium=6),
        "dataset_hard": dataset(HARD, male=False, easy=4, medium=4, hard=7),
    },
    "Using with DataLoader": {"dataset": dataset(MEDIUM, easy=5, medium=10)},
    "Direct Class Usage": {
        "dataset_easy": dataset(EASY, easy=7),
        "dataset_medium": dataset(MEDIUM, easy=5, medium=10),
        "dataset_hard": dataset(HARD, easy=6, medium=6, hard=11),
    },
    "Output Format": {},
    "Environment Variables": {},
    "Custom Difficulty Weights": {"dataset": dataset("S3VTONDataset", easy=2, medium=9, hard=12)},
    "Filtering by Gender": {
        "dataset_female_easy": dataset(EASY, male=False, easy=4),
        "dataset_male_hard": dataset(HARD, female=False, easy=2, medium=2, hard=4),
    },
    "Example: CATVTON Training": {"dataset": dataset(MEDIUM, male=False, easy=3, medium=6)},
}


@pytest.mark.parametrize("heading", [heading for heading, _ in python_blocks()])
def test_the_block_makes_exactly_that(heading: str, ran: dict[str, dict[str, Any]]) -> None:
    assert {name: told for name, told in ran[heading].items() if name != "dataloader"} == LEFT[heading]


def test_nothing_but_the_module_s_name_is_changed() -> None:
    blocks = [code.replace("from vton_hf import", "from train.common.dataset import") for _, code in python_blocks()]
    assert blocks == re.findall(r"```python\n(.*?)```", DESCRIPTION, re.DOTALL)
    assert sum("from vton_hf import" in code for _, code in python_blocks()) == 4


@pytest.mark.parametrize(
    ("heading", "sizes"),
    [
        ("Using with DataLoader", [8, 7]),
        ("Example: CATVTON Training", [4, 4, 1]),
        ("Performance Tips", [4, 4, 1]),
    ],
)
def test_the_loader_hands_out_batches_as_described(
    heading: str, sizes: list[int], ran: dict[str, dict[str, Any]]
) -> None:
    batches = ran[heading]["dataloader"]
    assert [len(batch["stem"]) for batch in batches] == sizes
    for batch, size in zip(batches, sizes, strict=True):
        assert list(batch) == [*ROLES, "difficulty", "stem"]
        assert [batch[role] for role in ROLES] == [[size, 3, 512, 512, "torch.float32", True]] * 3
        assert all(isinstance(text, str) for text in (*batch["difficulty"], *batch["stem"]))
    shown = [name for batch in batches for name in batch["difficulty"]]
    assert {name: shown.count(name) for name in DIFFICULTIES} == {
        "easy": sum(sizes) // 3,
        "medium": sum(sizes) * 2 // 3,
        "hard": 0,
    }


TRANSFORM = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])


@pytest.mark.parametrize("transform", [TRANSFORM, None], ids=["torchvision", "default"])
@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_sample_has_the_described_format(bucket: Bucket, difficulty: str, transform: Any) -> None:
    bucket.fill(2)
    samples = vton_hf.get_vton_dataset(difficulty, [bucket.prefix], transform)
    (described,) = under("Output Format", "python")
    schema = eval(described, {"torch": torch})
    for index in range(len(samples)):
        sample = samples[index]
        assert list(sample) == list(schema)
        assert {name: isinstance(value, schema[name]) for name, value in sample.items()} == dict.fromkeys(schema, True)
        for role in ROLES:
            assert (sample[role].shape, sample[role].dtype) == ((3, 16, 12), torch.float32)
            assert -1 <= sample[role].min() < -0.5 < 0.5 < sample[role].max() <= 1
        assert sample["difficulty"] in DIFFICULTIES
        assert sample["stem"] in {"000", "001"}


@pytest.mark.parametrize("name", ["Easy", "Medium", "Hard"])
def test_an_epoch_of_ten_thousand_is_divided_as_described(bucket: Bucket, name: str) -> None:
    bucket.fill(1)
    (tree,) = under(f"{name} Dataset")
    assert str(vton_hf.get_vton_dataset(name.lower(), [bucket.prefix], epoch_size=10_000).plan) == tree.strip()


@pytest.mark.parametrize("gender", ["female", "male"])
def test_prefixes_and_the_option_filter_by_gender(bucket: Bucket, gender: str) -> None:
    bucket.fill(2)
    prefixes = [f"{bucket.prefix}{difficulty}/{gender}/" for difficulty in DIFFICULTIES]
    by_prefix = vton_hf.get_vton_dataset("hard", prefixes, columns=["gender", "key"])
    by_option = vton_hf.get_vton_dataset("hard", [bucket.prefix], gender=gender, columns=["gender", "key"])
    assert {sample["gender"] for sample in by_prefix} == {gender}
    assert [sample["key"] for sample in by_prefix] == [sample["key"] for sample in by_option]


def naming_table() -> dict[str, tuple[str, str]]:
    """Folder: pattern and example."""
    rows = re.findall(r"^\| \*\*.*?\*\* \| `(.*)` \| `(.*)` \|$", DESCRIPTION, re.MULTILINE)
    return dict(zip(ROLES, rows, strict=True))


@pytest.mark.parametrize("stem", ["001", "a b", "look_7_cloth"])
def test_images_are_found_by_the_described_names(bucket: Bucket, stem: str) -> None:
    for role, (pattern, example) in naming_table().items():
        for name in (example, pattern.format(stem=stem).replace("*", "long_coat-2")):
            bucket.put(f"{ROOT}easy/male/{role}/{name}", png(name))
    found = vton_hf.get_vton_dataset("easy", [bucket.prefix], columns=["garment"])
    assert {sample["stem"] for sample in found} == {"001", stem}
    assert {sample["garment"] for sample in found} <= {"dress", "long_coat-2"}


@pytest.mark.parametrize("role", ROLES)
def test_an_incomplete_triplet_is_told_of(bucket: Bucket, role: str, caplog: pytest.LogCaptureFixture) -> None:
    bucket.fill(2, ("male",))
    bucket.drop(triplet_keys("easy", "male", "001")[role])
    assert len(vton_hf.get_vton_dataset("easy", [bucket.prefix])) == 1
    (record,) = (record for record in caplog.records if "Incomplete" in record.getMessage())
    assert (record.name, record.levelno) == ("vton_hf", logging.WARNING)
    message = record.getMessage()
    assert message.startswith(issues()[1].replace("XXX", "001"))
    assert [other for other in ROLES if f"missing {other}" in message] == [role]


def issues() -> list[str]:
    return re.findall(r'^### Issue: "(.*)"$', DESCRIPTION, re.MULTILINE)


def test_a_difficulty_without_samples_is_an_error_that_says_so(bucket: Bucket) -> None:
    bucket.fill({"easy": 2, "medium": 2})
    with pytest.raises(EmptyPoolError, match=f"^{issues()[0]}.*include folders with /hard/ in their path"):
        vton_hf.get_vton_dataset("hard", [bucket.prefix])
    assert len(vton_hf.get_vton_dataset("medium", [bucket.prefix])) == 8


def test_a_target_above_what_there_is_samples_with_replacement(
    bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill({"easy": 30, "medium": 30, "hard": 2}, ("female",))
    found = vton_hf.get_vton_dataset("hard", [bucket.prefix], columns=["key"])
    (record,) = (record for record in caplog.records if record.name == "vton_hf")
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"{issues()[2]}: difficulty 'hard', 31 asked, 2 available")
    shown = [sample["key"] for sample in found[:] if sample["difficulty"] == "hard"]
    assert sorted(shown.count(key) for key in set(shown)) == [15, 16]


@pytest.mark.parametrize("prefix", ["dataset_ultimate/", "dataset_ultimate", "s3://your-bucket-name/dataset_ultimate/"])
def test_both_forms_of_a_prefix_lead_to_the_same(prefix: str, s3: MotoS3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (EXPORTS | {"AWS_ENDPOINT_URL": s3.url}).items():
        monkeypatch.setenv(name, text)
    fill(s3, EXPORTS["S3_BUCKET_NAME"], 3)
    found = vton_hf.get_vton_dataset("easy", [prefix], columns=["key"])
    assert sorted(sample["key"] for sample in found) == [f"easy/female/00{index}" for index in range(3)]
    assert len(vton_hf.get_vton_dataset("easy")) == 3, "dataset_ultimate/ is where it looks"


def fill(s3: MotoS3, bucket: str, count: int) -> None:
    for index in range(count):
        for key in triplet_keys("easy", "female", f"{index:03d}").values():
            s3.put(bucket, key, png(key))


def test_the_bucket_is_that_of_the_uri_then_the_argument_then_the_configured_then_the_environment_s(
    s3: MotoS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (EXPORTS | {"AWS_ENDPOINT_URL": s3.url, "S3_BUCKET_NAME": "of-environment"}).items():
        monkeypatch.setenv(name, text)
    for count, bucket in enumerate(("of-environment", "of-configure", "of-argument", "of-uri"), start=1):
        fill(s3, bucket, count)
    assert len(vton_hf.S3VTONDatasetEasy([ROOT])) == 1
    vton_hf.configure(bucket="of-configure")
    assert len(vton_hf.S3VTONDatasetEasy([ROOT])) == 2
    assert len(vton_hf.S3VTONDatasetEasy([ROOT], None, "of-argument")) == 3
    assert len(vton_hf.get_vton_dataset("easy", [ROOT], s3_bucket="of-argument")) == 3
    assert len(vton_hf.get_vton_dataset("easy", [f"s3://of-uri/{ROOT}"], s3_bucket="of-argument")) == 4


@pytest.fixture
def store() -> Iterator[faults.FaultServer]:
    """A server that keeps the headers of what it is asked, with one easy triplet."""
    for server in faults.serve_faults():
        server.objects = {key: png(key) for key in triplet_keys("easy", "female", "001").values()}
        yield server


def signatures(store: faults.FaultServer) -> set[tuple[str, str]]:
    """Access key and region of every request so far: those of the listing and of the images."""
    scopes = [headers.get("authorization", "").partition("Credential=")[2] for _, headers in store.requests]
    assert len(scopes) >= 4
    return {(scope.split("/")[0], scope.split("/")[2]) for scope in scopes}


def test_the_environment_says_who_asks_and_where(store: faults.FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (EXPORTS | {"AWS_ENDPOINT_URL": store.url, "S3_REGION": "eu-west-3"}).items():
        monkeypatch.setenv(name, text)
    assert vton_hf.get_vton_dataset("easy", [ROOT])[0]["stem"] == "001"
    assert signatures(store) == {(EXPORTS["AWS_ACCESS_KEY_ID"], "eu-west-3")}


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_BUCKET_NAME"])
def test_each_variable_is_needed_where_nothing_else_stands_in(
    missing: str, store: faults.FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (EXPORTS | {"AWS_ENDPOINT_URL": store.url}).items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv(missing)
    with pytest.raises(
        VTONError, match=r"no credentials were found|half of the credentials is missing|no bucket is known"
    ):
        vton_hf.get_vton_dataset("easy", [ROOT])


def test_configure_takes_the_place_of_the_config_module(store: faults.FaultServer) -> None:
    (described,) = under("Environment Variables", "python")
    config = variables(described)
    assert sorted(config) == sorted(EXPORTS)
    assert all(isinstance(statement, ast.Assign) for statement in ast.parse(described).body)
    with pytest.raises(ConfigError, match="no bucket is known"):
        vton_hf.get_vton_dataset("easy", [ROOT])
    vton_hf.configure(
        region=config["S3_REGION"],
        access_key=config["AWS_ACCESS_KEY_ID"],
        secret_key=config["AWS_SECRET_ACCESS_KEY"],
        bucket=config["S3_BUCKET_NAME"],
        endpoint_url=store.url,
    )
    assert vton_hf.get_vton_dataset("easy", [ROOT])[0]["stem"] == "001"
    assert signatures(store) == {(config["AWS_ACCESS_KEY_ID"], config["S3_REGION"])}
