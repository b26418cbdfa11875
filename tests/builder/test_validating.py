"""What `validate` finds, and what it reads: each image once, whoever measured it, whatever stopped it."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import vton_hf
from tests.bucket import ROOT, Bucket, encoded, png, triplet_keys
from tests.faults import BUCKET as FAULTY
from tests.faults import Body, FaultServer, Status, serve_faults
from tests.planting import (
    CHOSEN_ON,
    GARMENT,
    PERSON,
    REPORTED_ON,
    SPOILS,
    TARGET,
    Planted,
    as_files,
    sound,
    sound_ones,
    spoiled,
    through_jpeg,
    write,
)
from tests.s3 import BUCKET, REGION, MotoS3
from vton_hf.demo import write_demo_folder
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES

PROCESSES = multiprocessing.get_context("forkserver")
SMALL = (96, 128)


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    yield from serve_faults()


def found(validation: vton_hf.Validation) -> dict[str, set[str]]:
    """Checks by the stem of what they found."""
    by_stem: dict[str, set[str]] = {}
    for row in validation.findings.to_pylist():
        by_stem.setdefault(row["key"].rsplit("/")[-1], set()).add(row["check"])
    return by_stem


def test_of_copies_the_first_by_key_stays(tmp_path: Path) -> None:
    for number, (stem, kind) in enumerate((("a", "shirt"), ("b", "shirt"), ("c", "coat"), ("d", "shirt"))):
        pictures = sound("coffee.png", "same" if number < 3 else "other", SMALL)
        write(tmp_path, iter([as_files(stem, pictures, kind=kind, folder=f"{('hard', 'easy')[number % 2]}/male")]))
    validation = vton_hf.validate(tmp_path / ROOT, cache_dir=tmp_path / "cache")
    assert bad(validation) == {
        "hard/male/a": {"exact-duplicate"},
        "hard/male/c": {"exact-duplicate", "one-garment-many-names"},
    }


def test_a_picture_that_is_wrong_explains_what_a_comparison_would_find(tmp_path: Path) -> None:
    write(
        tmp_path,
        (
            spoiled(check, f"{check}-{index}", REPORTED_ON, "once", SMALL)
            for check in ("grayscale", "letterbox")
            for index in range(4)
        ),
    )
    told = bad(vton_hf.validate(tmp_path / ROOT, cache_dir=tmp_path / "cache"))
    assert {check for key, checks in told.items() if "grayscale" in key for check in checks} <= {"grayscale", "flat"}
    assert not any("changed-elsewhere" in checks for key, checks in told.items() if "letterbox" in key)


def bad(validation: vton_hf.Validation) -> dict[str, set[str]]:
    """The same of errors and warnings alone."""
    rows = [row for row in validation.findings.to_pylist() if row["severity"] != "note"]
    return {row["key"]: {each["check"] for each in rows if each["key"] == row["key"]} for row in rows}


def test_each_defect_is_found_under_its_own_name_and_sound_triplets_are_left_alone(tmp_path: Path) -> None:
    """40 sound triplets and two of each defect, of photographs on which no threshold was chosen."""
    size, options = (192, 256), {"cache_dir": tmp_path / "cache"}
    write(tmp_path, sound_ones(40, REPORTED_ON, "test", size))
    names = [(check, f"{check}-{index}") for check in SPOILS for index in range(2)]
    write(tmp_path, (spoiled(check, stem, REPORTED_ON, "test", size) for check, stem in names))
    validation = vton_hf.validate(tmp_path / ROOT, **options)

    by_stem = found(validation)
    assert [stem for check, stem in names if check not in by_stem.get(stem, ())] == []
    assert {key: checks for key, checks in bad(validation).items() if key.rsplit("/")[-1].isdigit()} == {}

    (row,) = (row for row in validation.of("dark").to_pylist() if row["key"].endswith("dark-0"))
    assert row["value"] < row["threshold"]
    assert row["uri"].startswith("file://")
    assert "darker than" in row["message"]
    assert "Look at it." in row["message"]

    strict = vton_hf.validate(tmp_path / ROOT, thresholds={"blurred": 0, "dark": 0}, **options)
    assert not {"blurred", "dark"} & strict.counts().keys()


def test_the_demo_bucket_is_sound(tmp_path: Path) -> None:
    write_demo_folder(tmp_path, count=3)
    validation = vton_hf.validate(tmp_path / ROOT, cache_dir=tmp_path / "cache")
    assert not bad(validation)
    assert (validation.triplets, validation.images, validation.sampled) == (18, 54, False)


def test_what_the_exclude_file_names_is_left_out_and_nothing_is_fetched_again(s3: MotoS3, tmp_path: Path) -> None:
    triplets = [as_files(f"{index:03d}", sound("chelsea.png", str(index), SMALL)) for index in range(4)]
    triplets += [spoiled("nothing-changed", "bad", REPORTED_ON, "test", SMALL)]
    for triplet in triplets:
        for role, key in triplet.keys(ROOT).items():
            s3.put(BUCKET, key, triplet.files[role][0])
    options: dict[str, Any] = {"storage_options": s3.storage_options, "cache_dir": tmp_path}
    prefix, own = f"s3://{BUCKET}/{ROOT}", {"difficulty_weights": {"hard": 1}, "image_size": (64, 48)}
    whole = vton_hf.load("hard", s3_prefixes=[prefix], **options, **own)
    s3.reset_counts()
    validation = vton_hf.validate(prefix, **options)
    assert not s3.gets()
    assert [row["check"] for row in validation.findings.to_pylist()] == ["nothing-changed"]
    assert validation.write_exclude(tmp_path / "defects.txt") == 1
    rest = vton_hf.load("hard", s3_prefixes=[prefix], exclude=tmp_path / "defects.txt", **options, **own)
    assert not s3.gets()
    assert len(whole) == 5
    assert sorted(rest["stem"]) == ["000", "001", "002", "003"]


@pytest.fixture
def bucket_of_twelve(s3: MotoS3) -> dict[str, bytes]:
    """The objects of 12 small triplets by key."""
    s3.fill(2)
    objects = s3.objects(BUCKET)
    s3.reset_counts()
    return objects


def run(s3: MotoS3, folder: Path, **options: Any) -> vton_hf.Validation:
    where = {"storage_options": s3.storage_options, "cache_dir": folder}
    return vton_hf.validate(f"s3://{BUCKET}/{ROOT}", **(where | options))


def test_each_image_is_read_once_and_never_again(
    s3: MotoS3, bucket_of_twelve: dict[str, bytes], tmp_path: Path
) -> None:
    s3.reset_counts()
    first = run(s3, tmp_path)
    assert s3.gets() == Counter(dict.fromkeys(bucket_of_twelve, 1))
    s3.reset_counts()
    assert run(s3, tmp_path).findings.equals(first.findings)
    assert not s3.gets()


def test_a_changed_object_costs_one_read(s3: MotoS3, bucket_of_twelve: dict[str, bytes], tmp_path: Path) -> None:
    run(s3, tmp_path)
    key = triplet_keys("hard", "male", "001")[TARGET]
    s3.put(BUCKET, key, b"<html>")
    s3.reset_counts()
    validation = run(s3, tmp_path, listing="fresh")
    assert s3.gets() == {key: 1}
    assert [row["uri"] for row in validation.of("not-an-image").to_pylist()] == [f"s3://{BUCKET}/{key}"]


def test_a_cache_of_originals_is_measured_without_a_request(
    s3: MotoS3, bucket_of_twelve: dict[str, bytes], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"storage_options": s3.storage_options, "cache_dir": tmp_path}
    vton_hf.load("hard", s3_prefixes=[f"s3://{BUCKET}/{ROOT}"], **options)
    assert not list(tmp_path.rglob("*.parquet"))  # nothing was decoded, so nothing was measured
    s3.reset_counts()
    assert run(s3, tmp_path).images == len(bucket_of_twelve)
    assert not s3.gets()


def test_a_prepared_cache_without_statistics_is_measured_from_what_it_holds(
    s3: MotoS3, bucket_of_twelve: dict[str, bytes], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"storage_options": s3.storage_options, "cache_dir": tmp_path, "image_size": (64, 48)}
    vton_hf.load("hard", s3_prefixes=[f"s3://{BUCKET}/{ROOT}"], statistics=False, **options)
    assert not list(tmp_path.rglob("*.parquet"))
    s3.reset_counts()
    run(s3, tmp_path)
    assert not s3.gets()
    tables = [pq.read_table(path) for path in tmp_path.rglob("*.images.parquet")]
    assert {name for table in tables for name in table["measured_on"].to_pylist()} == {"64x48-png-r2"}


def test_a_build_measures_the_objects_and_not_what_it_makes_of_them(s3: MotoS3, tmp_path: Path) -> None:
    planted = [as_files("000", sound("coffee.png", "0", SMALL)), spoiled("truncated", "001", REPORTED_ON, "0", SMALL)]
    for triplet in planted:
        for role, key in triplet.keys(ROOT).items():
            s3.put(BUCKET, key, triplet.files[role][0])
    options: dict[str, Any] = {"storage_options": s3.storage_options, "image_size": (64, 48)}
    options["difficulty_weights"] = {"hard": 1}
    vton_hf.load("hard", s3_prefixes=[f"s3://{BUCKET}/{ROOT}"], cache_dir=tmp_path / "built", **options)
    s3.reset_counts()
    after = run(s3, tmp_path / "built")
    assert not s3.gets()
    assert after.findings.equals(run(s3, tmp_path / "asked").findings)
    assert after.counts() == {"truncated": 1}


def _validate(folder: Path, options: dict[str, Any]) -> None:
    vton_hf.validate(f"s3://{BUCKET}/{ROOT}", cache_dir=folder, **options)


def test_killed_at_any_moment_it_reads_nothing_twice_but_what_was_in_flight(s3: MotoS3, tmp_path: Path) -> None:
    s3.fill(8)
    keys = s3.objects(BUCKET)
    s3.reset_counts()
    chance, kills = random.Random(7), 0
    for _ in range(3):
        process = PROCESSES.Process(target=_validate, args=(tmp_path, {"storage_options": s3.storage_options}))
        before, wanted = s3.gets().total(), chance.randint(1, 20)
        process.start()
        while process.is_alive() and s3.gets().total() < before + wanted:
            time.sleep(0.002)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            kills += 1
        process.join()
    run(s3, tmp_path)
    again = s3.gets().total() - len(keys)
    # A part is 8 triplets, and a few parts are under way at once.
    assert kills >= 2
    assert set(s3.gets()) == set(keys)
    assert again <= kills * 8 * len(ROLES) * 6
    s3.reset_counts()
    run(s3, tmp_path)
    assert not s3.gets()


def test_objects_that_cannot_be_read_are_told_and_asked_for_again(faults: FaultServer, tmp_path: Path) -> None:
    keys = [key for stem in ("000", "001") for key in triplet_keys("hard", "male", stem).values()]
    denied = triplet_keys("hard", "male", "001")[PERSON]
    faults.objects |= {key: png(key) for key in keys}
    faults.always(denied, Status(403, "AccessDenied"))
    storage = {"key": "k", "secret": "s", "client_kwargs": {"region_name": REGION, "endpoint_url": faults.url}}
    options: dict[str, Any] = {"storage_options": storage, "cache_dir": tmp_path}
    first = vton_hf.validate(f"s3://{FAULTY}/{ROOT}", **options)
    assert [row["uri"] for row in first.of("unreadable").to_pylist()] == [f"s3://{FAULTY}/{denied}"]
    assert first.images == len(keys) - 1
    faults.always(denied, Body(png(denied)))
    assert not vton_hf.validate(f"s3://{FAULTY}/{ROOT}", **options).of("unreadable").num_rows
    assert faults.asked()[keys[0]] == 1


def test_a_sample_says_so_and_is_always_the_same(s3: MotoS3, bucket_of_twelve: Any, tmp_path: Path) -> None:
    one = run(s3, tmp_path / "1", sample=5)
    assert (one.triplets, one.images, one.sampled, one.total) == (5, 15, True, 12)
    s3.reset_counts()
    other = run(s3, tmp_path / "2", sample=5)
    assert other.findings.equals(one.findings)
    s3.reset_counts()
    run(s3, tmp_path / "2")
    assert s3.gets().total() == len(bucket_of_twelve) - 15  # what the sample read is not read again


def test_structure_alone_decodes_nothing_and_finds_files(s3: MotoS3, tmp_path: Path) -> None:
    cut = spoiled("truncated", "000", REPORTED_ON, "0", SMALL)
    dark = spoiled("dark", "001", REPORTED_ON, "0", SMALL)
    for triplet in (cut, dark):
        for role, key in triplet.keys(ROOT).items():
            s3.put(BUCKET, key, triplet.files[role][0])
    assert run(s3, tmp_path, checks="structure").counts() == {"truncated": 1}
    s3.reset_counts()
    assert run(s3, tmp_path, checks="structure").counts() == {"truncated": 1}
    assert not s3.gets()
    assert run(s3, tmp_path, checks="decode").counts().keys() >= {"truncated", "dark"}


def test_processes_give_what_one_gives(s3: MotoS3, bucket_of_twelve: Any, tmp_path: Path) -> None:
    assert run(s3, tmp_path / "2", num_proc=2).findings.equals(run(s3, tmp_path / "1").findings)
    assert s3.gets().total() == 2 * len(bucket_of_twelve)


def test_shares_meet_in_a_shared_cache(s3: MotoS3, bucket_of_twelve: Any, tmp_path: Path) -> None:
    shared = {"shared_cache": f"s3://{BUCKET}/vton-cache/"}
    parts = [run(s3, tmp_path / str(index), shard=(index, 2), **shared) for index in range(2)]
    assert sum(part.triplets for part in parts) == 12
    assert "near-duplicate" in parts[0].not_checked
    assert {key: count for key, count in s3.gets().items() if key.startswith(ROOT)} == dict.fromkeys(
        bucket_of_twelve, 1
    )
    s3.reset_counts()
    assert run(s3, tmp_path / "last", **shared).triplets == 12
    assert not any(key.startswith(ROOT) for key in s3.gets())


def test_damaged_statistics_are_measured_again(s3: MotoS3, bucket_of_twelve: Any, tmp_path: Path) -> None:
    first = run(s3, tmp_path)
    for number, path in enumerate(sorted(tmp_path.rglob("*.parquet"))):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 255
        path.write_bytes(data[: len(data) // (1 + number % 2)])
    assert run(s3, tmp_path).findings.equals(first.findings)


class TestDuplicates:
    """Images that stand several times in the data."""

    @pytest.fixture
    def triplets(self) -> list[Planted]:
        return [as_files(f"{index:03d}", sound(CHOSEN_ON[index % 3], str(index), SMALL)) for index in range(9)]

    def validate(self, folder: Path, triplets: list[Planted], **options: Any) -> vton_hf.Validation:
        write(folder, iter(triplets))
        return vton_hf.validate(folder / ROOT, cache_dir=folder / "cache", **options)

    def test_every_member_of_a_group_is_found_and_one_may_stay(self, tmp_path: Path, triplets: list[Planted]) -> None:
        for index in (3, 6):
            triplets[index] = triplets[index].with_files(**triplets[0].files)
        validation = self.validate(tmp_path, triplets)
        targets = [row for row in validation.of("exact-duplicate").to_pylist() if TARGET in row["uri"]]
        assert [row["key"].rsplit("/")[-1] for row in targets] == ["000", "003", "006"]
        assert [row["severity"] for row in targets] == ["note", "warning", "warning"]
        assert "hard/female/003, hard/female/006" in targets[0]["message"]
        assert validation.exclude_list() == ["hard/female/003", "hard/female/006"]

    def test_copies_that_were_encoded_anew_are_near(self, tmp_path: Path, triplets: list[Planted]) -> None:
        picture = sound(CHOSEN_ON[0], "0", SMALL)[TARGET]
        triplets[4] = triplets[4].with_files(**{TARGET: (encoded(through_jpeg(picture, 80)), "png")})
        validation = self.validate(tmp_path, triplets)
        assert {row["key"].rsplit("/")[-1] for row in validation.of("near-duplicate").to_pylist()} == {"000", "004"}

    def test_one_garment_in_many_triplets_is_no_warning(self, tmp_path: Path, triplets: list[Planted]) -> None:
        for index in (1, 2):
            triplets[index] = triplets[index].with_files(**{GARMENT: triplets[0].files[GARMENT]})
        validation = self.validate(tmp_path, triplets)
        rows = [*validation.of("exact-duplicate").to_pylist(), *validation.of("one-garment-many-names").to_pylist()]
        assert {row["severity"] for row in rows} == {"note"}
        assert {row["check"] for row in rows} == {"exact-duplicate", "one-garment-many-names"}

    def test_names_are_compared_where_they_are_known(self, tmp_path: Path, triplets: list[Planted]) -> None:
        named = [
            Planted(f"p{index:02d}_g{index % 8:02d}", triplet.files, triplet.kind)
            for index, triplet in enumerate(triplets)
        ]
        named[2] = named[2].with_files(**{GARMENT: named[1].files[GARMENT]})
        unknown = self.validate(tmp_path, named)
        assert {"one-name-many-garments", "over-represented"} <= unknown.not_checked.keys()
        known = self.validate(tmp_path, named, entities=r"p(?P<person>\d+)_g(?P<garment>\d+)")
        assert not {"one-name-many-garments", "over-represented"} & known.not_checked.keys()
        stems = {check: {row["key"].rsplit("/")[-1] for row in known.of(check).to_pylist()} for check in known.counts()}
        assert stems["one-name-many-garments"] == {"p00_g00", "p08_g00"}
        assert stems["one-garment-many-names"] == {"p01_g01", "p02_g02"}

    def test_whoever_is_in_far_more_triplets_than_others_is_named(self, tmp_path: Path) -> None:
        picture = as_files("", sound("coffee.png", "0", SMALL)).files
        people = [*["p00"] * 30, *(f"p{index:02d}" for index in range(1, 10))]
        triplets = [Planted(f"{person}_{index:02d}", picture) for index, person in enumerate(people)]
        validation = self.validate(tmp_path, triplets, entities=r"(?P<person>p\d+)_")
        (row,) = validation.of("over-represented").to_pylist()
        assert row["value"] == 30
        assert "person p00 is in 30 triplets" in row["message"]


def test_prefixes_that_differ_as_a_whole_are_told(tmp_path: Path) -> None:
    for prefix, light in (("old", 1.0), ("new", 0.5)):
        for index in range(20):
            files = sound("chelsea.png", f"{prefix} {index}", SMALL)
            darker = {
                role: picture.point(lambda value, light=light: int(value * light)) for role, picture in files.items()
            }
            write(tmp_path / prefix, iter([as_files(f"{index:03d}", darker)]))
    prefixes = [tmp_path / "old" / ROOT, tmp_path / "new" / ROOT]
    validation = vton_hf.validate(prefixes, cache_dir=tmp_path / "cache")
    drift = validation.of("drift").to_pylist()
    assert {row["uri"].split("/")[-3] for row in drift} == {"old", "new"}
    assert any("brightness" in row["message"] for row in drift)


def test_the_listing_is_part_of_it(bucket: Bucket, tmp_path: Path) -> None:
    keys = bucket.add_triplet("hard", "male", "000")
    bucket.add_triplet("hard", "male", "001")
    bucket.drop(keys[GARMENT])
    validation = vton_hf.validate(bucket.prefix, cache_dir=tmp_path / "cache")
    assert validation.counts()["incomplete"] == 2
    assert validation.triplets == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample": 0}, "sample must be None for all or a whole number from 1"),
        ({"checks": "everything"}, "checks"),
        ({"thresholds": {"drak": 0.1}}, "Did you mean 'dark'"),
        ({"thresholds": {"dark": "low"}}, "a number from 0"),
        ({"thresholds": {"near-duplicate": 20}}, "up to 7"),
        ({"entities": "("}, "no regular expression"),
        ({"entities": r"(?P<who>\d+)"}, "names 'who'; allowed are"),
        ({"entities": r"(?P<person>x+)"}, "matches none of 1 stems, such as '000'"),
        ({"image_size": (1, 1)}, "image_size"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str, bucket: Bucket, tmp_path: Path) -> None:
    bucket.add_triplet("hard", "male", "000")
    with pytest.raises(ConfigError, match=message.replace("(", "[(]")):
        vton_hf.validate(bucket.prefix, cache_dir=tmp_path / "cache", **options)


def test_columns_say_who_is_in_a_triplet_as_an_expression_does(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    rows = [f"{number:03d},one,s{number}" for number in range(2)]
    (tmp_path / "who.csv").write_text("stem,model,sku\n" + "\n".join(rows))
    found = vton_hf.validate(
        bucket.prefix,
        metadata=str(tmp_path / "who.csv"),
        entities={"person": "model", "garment": "sku"},
        thresholds={"over-represented": 2},
        cache_dir=tmp_path / "cache",
    )
    assert "one-name-many-garments" not in found.not_checked
