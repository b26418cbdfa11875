"""Keys become triplets, and no key is lost on the way."""

import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bucket import Bucket
from tests.triplets.listings import BUCKET, empty, keys_of, left_out, listing, several, used, whole
from vton_hf.errors import ConfigError, LayoutError
from vton_hf.naming import ROLES, parse_key
from vton_hf.storage import StorageSettings, Store
from vton_hf.storage.tables import SCHEMA
from vton_hf.triplets import discover

FOLDER = "root/easy/female/"
PERSON, CLOTH, TARGET = whole(FOLDER, "001")
COLD = settings(deadline=None, derandomize=True, max_examples=80)
HAT = f"{FOLDER}cloth_image/001_cloth_hat.png"


def test_a_triplet_is_one_row_that_says_all_its_keys_say() -> None:
    manifest, audit = discover(listing([PERSON, CLOTH, TARGET]))
    (row,) = manifest.table.to_pylist()
    assert {name: row[name] for name in ("difficulty", "gender", "stem", "garment", "key")} == {
        "difficulty": "easy",
        "gender": "female",
        "stem": "001",
        "garment": "dress",
        "key": "easy/female/001",
    }
    assert [row[role] for role in ROLES] == [BUCKET + key for key in (PERSON, CLOTH, TARGET)]
    assert [(row[f"{role}_size"], row[f"{role}_etag"]) for role in ROLES] == [
        (10, f"of {key}") for key in (PERSON, CLOTH, TARGET)
    ]
    assert audit.counts() == {}


@pytest.mark.parametrize("cloth", ["first", "each", "error"])
def test_an_empty_listing_holds_nothing(cloth: str) -> None:
    manifest, audit = discover(SCHEMA.empty_table(), cloth=cloth)
    assert (len(manifest), audit.counts()) == (0, {})


@pytest.mark.parametrize(
    ("keys", "lacks"),
    [
        ([PERSON, CLOTH], "try_on_image"),
        ([PERSON, TARGET], "cloth_image"),
        ([CLOTH, TARGET], "initial_image"),
        ([PERSON], "cloth_image, try_on_image"),
        ([CLOTH], "initial_image, try_on_image"),
        ([TARGET], "initial_image, cloth_image"),
    ],
)
def test_an_incomplete_triplet_is_left_out_and_its_missing_roles_are_named(keys: list[str], lacks: str) -> None:
    manifest, audit = discover(listing(keys))
    assert len(manifest) == 0
    assert left_out(audit) == dict.fromkeys(keys, "incomplete")
    assert {row["detail"] for row in audit.of("incomplete")} == {f"missing {lacks}"}
    (message,) = audit.messages()
    assert message.startswith(f"Incomplete triplet for stem '001' (easy/female: missing {lacks}). ")


def test_a_stem_is_one_triplet_in_each_of_its_folders() -> None:
    folders = ["easy/female/", "easy/male/", "hard/female/", "medium/"]
    manifest, _ = discover(listing(key for folder in folders for key in whole(folder, "001")))
    assert keys_of(manifest) == ["easy/female/001", "easy/male/001", "hard/female/001", "medium/001"]


def test_images_of_one_stem_in_two_folders_make_no_triplet() -> None:
    manifest, audit = discover(listing([PERSON, CLOTH, *whole("root/easy/male/", "001")[2:]]))
    assert len(manifest) == 0
    assert audit.counts() == {"incomplete": 3}


def test_keys_stay_unique_where_two_roots_hold_the_same_names() -> None:
    twice = whole("a/easy/female/", "001") + whole("b/easy/female/", "001") + whole("s3://other/easy/female/", "001")
    manifest, _ = discover(listing([*twice, *whole("b/easy/female/", "002")]))
    keys = keys_of(manifest)
    assert len(set(keys)) == 4
    assert [key.partition("@")[0] for key in keys] == ["easy/female/001"] * 3 + ["easy/female/002"]
    assert keys[3] == "easy/female/002"


def test_the_first_garment_in_key_order_is_taken_and_the_others_are_reported() -> None:
    manifest, audit = discover(listing([PERSON, HAT, CLOTH, TARGET]), cloth="first")
    assert manifest.table["garment"].to_pylist() == ["dress"]
    assert keys_of(manifest) == ["easy/female/001"]
    assert left_out(audit) == {HAT: "ambiguous cloth"}
    assert [row["detail"] for row in audit.of("ambiguous cloth")] == ["001_cloth_dress.png was taken"]


@pytest.mark.parametrize("cloth", ["first", "each"])
def test_all_garments_of_an_incomplete_triplet_are_only_that(cloth: str) -> None:
    _, audit = discover(listing([PERSON, CLOTH, HAT]), cloth=cloth)
    assert audit.table["reason"].to_pylist() == ["incomplete"] * 3


def test_each_garment_can_make_a_triplet_of_its_own() -> None:
    manifest, audit = discover(listing([PERSON, HAT, CLOTH, TARGET, *whole(FOLDER, "002")]), cloth="each")
    assert keys_of(manifest) == ["easy/female/001/dress", "easy/female/001/hat", "easy/female/002"]
    assert used(manifest).count(BUCKET + PERSON) == used(manifest).count(BUCKET + TARGET) == 2
    assert audit.counts() == {}


def test_several_garments_can_be_refused() -> None:
    message = r"Stem '001' has several garments, one of them s3://photos/.*001_cloth_hat\.png; 1 such in all\. Allowed"
    with pytest.raises(LayoutError, match=message):
        discover(listing([PERSON, HAT, CLOTH, TARGET]), cloth="error")
    assert len(discover(listing([PERSON, CLOTH, TARGET]), cloth="error")[0]) == 1


def test_another_rule_for_garments_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cloth must be 'first', 'each' or 'error', got 'all'\."):
        discover(listing([]), cloth="all")


@pytest.mark.parametrize("cloth", ["first", "each", "error"])
def test_the_same_image_under_another_extension_is_a_duplicate(cloth: str) -> None:
    manifest, audit = discover(listing([*whole(FOLDER, "001", extension=".jpg"), PERSON, CLOTH, TARGET]), cloth=cloth)
    assert keys_of(manifest) == ["easy/female/001"]
    assert left_out(audit) == dict.fromkeys((PERSON, CLOTH, TARGET), "duplicate")


def test_what_names_no_image_is_reported_and_no_difficulty_is_guessed() -> None:
    notes, marker = f"{FOLDER}notes.txt", f"{FOLDER}cloth_image/"
    nowhere = whole("root/female/", "001")
    manifest, audit = discover(listing([PERSON, CLOTH, TARGET, notes, marker, *nowhere]))
    assert keys_of(manifest) == ["easy/female/001"]
    assert audit.of("unknown name")[0]["detail"] == ""
    assert left_out(audit) == {
        notes: "unknown name",
        marker: "folder marker",
        **dict.fromkeys(nowhere, "no difficulty"),
    }


@pytest.mark.parametrize("missing", [PERSON, CLOTH, TARGET])
def test_an_empty_object_is_one_reason_for_its_whole_triplet(missing: str) -> None:
    manifest, audit = discover(listing([PERSON, CLOTH, TARGET], empty(missing)))
    assert len(manifest) == 0
    assert left_out(audit) == dict.fromkeys((PERSON, CLOTH, TARGET), "zero bytes")
    role = missing.split("/")[-2]
    assert {row["detail"] for row in audit.of("zero bytes")} == {f"empty {role}"}


def test_an_empty_object_that_another_stands_in_for_costs_no_triplet() -> None:
    spare = f"{FOLDER}initial_image/001_person.jpg"
    manifest, audit = discover(listing([PERSON, CLOTH, HAT, TARGET, spare], empty(spare, CLOTH)))
    assert manifest.table["garment"].to_pylist() == ["hat"]
    assert left_out(audit) == dict.fromkeys((spare, CLOTH), "zero bytes")
    assert {row["detail"] for row in audit.of("zero bytes")} == {""}


def test_an_empty_object_beside_a_missing_one_names_both() -> None:
    _, audit = discover(listing([PERSON, CLOTH], empty(CLOTH)))
    assert left_out(audit) == {PERSON: "incomplete", CLOTH: "zero bytes"}
    assert {row["detail"] for row in audit.table.to_pylist()} == {"missing try_on_image; empty cloth_image"}


def test_what_cannot_be_read_is_one_reason_for_its_whole_triplet() -> None:
    folder = f"{FOLDER}closed/"
    unread = {PERSON: (-1, "a link to nowhere"), folder: (-1, "permission denied")}
    manifest, audit = discover(listing([PERSON, CLOTH, TARGET, folder], unread))
    assert len(manifest) == 0
    assert {row["uri"].removeprefix(BUCKET): row["detail"] for row in audit.of("unreadable")} == {
        PERSON: "a link to nowhere",
        CLOTH: "unreadable initial_image",
        TARGET: "unreadable initial_image",
        folder: "permission denied",
    }


@pytest.mark.parametrize("place", ["{}/001", "001/{}"], ids=["folder", "stem"])
def test_names_that_differ_in_unicode_form_only_are_told_apart_in_ascii(place: str) -> None:
    one, other = (f"easy/{place.format(text)}".rpartition("/")[::2] for text in ("caf\u00e9", "cafe\u0301"))
    person, _, _ = whole(f"{one[0]}/", one[1])
    _, cloth, target = whole(f"{other[0]}/", other[1])
    manifest, audit = discover(listing([person, cloth, target, *whole("easy/", "\u00fc")]))
    assert len(manifest) == 1
    assert left_out(audit) == dict.fromkeys((person, cloth, target), "unicode form")
    (detail,) = {row["detail"] for row in audit.of("unicode form")}
    assert "cafe\\u0301" in detail
    assert "caf\\xe9" in detail
    assert detail.isascii()


def test_a_stray_twin_of_a_complete_triplet_is_told_by_its_form() -> None:
    stray = whole("easy/", "cafe\u0301")[0]
    manifest, audit = discover(listing([*whole("easy/", "caf\u00e9"), stray]))
    assert (len(manifest), left_out(audit)) == (1, {stray: "unicode form"})


def test_a_folder_marker_of_no_bytes_is_only_that() -> None:
    _, audit = discover(listing([f"{FOLDER}cloth_image/"], empty(f"{FOLDER}cloth_image/")))
    assert audit.counts() == {"folder marker": 1}
    assert audit.messages() == []


@pytest.mark.parametrize(
    ("stem", "garment"),
    [
        ("a_cloth_b", "dress"),
        ("a", "b_cloth_dress"),
        ("a_cloth_b", "c_cloth_d"),
        ("a_cloth_b_cloth_c", "d"),
        ("a_cloth", "dress"),
        ("a", "cloth_dress"),
        ("_cloth", "dress"),
        ("a_cloth_", "_cloth_"),
    ],
)
def test_a_stem_or_garment_may_hold_the_mark_between_them(stem: str, garment: str) -> None:
    manifest, _ = discover(listing(whole(FOLDER, stem, garment)))
    (row,) = manifest.table.select(["stem", "garment"]).to_pylist()
    assert row == {"stem": stem, "garment": garment}


def test_of_two_fitting_stems_the_longer_one_gets_the_garment() -> None:
    shared = whole(FOLDER, "a") + whole(FOLDER, "a_cloth_b")
    manifest, audit = discover(listing(shared))
    assert [(row["stem"], row["garment"]) for row in manifest.table.sort_by("stem").to_pylist()] == [
        ("a", "dress"),
        ("a_cloth_b", "dress"),
    ]
    assert audit.counts() == {}


def test_overlapping_prefixes_in_any_order_count_once(bucket: Bucket) -> None:
    bucket.fill(2)
    store = Store(StorageSettings())
    prefixes = [bucket.prefix, f"{bucket.prefix}hard/", f"{bucket.prefix}easy/male/", bucket.prefix]
    manifests = [discover(store.list(list(order)))[0] for order in (prefixes, prefixes[::-1], prefixes[:1])]
    assert {manifest.digest() for manifest in manifests} == {manifests[0].digest()}
    assert manifests[0].sizes() == {"easy": 4, "medium": 4, "hard": 4}


def test_sixty_thousand_triplets() -> None:
    table = listing(several("easy/female/", 30_000) + several("hard/", 30_000))
    manifest, _ = discover(table)
    assert manifest.sizes() == {"easy": 30_000, "medium": 0, "hard": 30_000}


def test_triplets_stay_in_columns() -> None:
    table = listing(several("easy/female/", 20_000))
    tracemalloc.start()
    try:
        manifest, _ = discover(table)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / len(manifest) < 24, "two columns of hashes, and no pointer for each"
    assert peak / len(manifest) < 2_000


@st.composite
def listings(draw: st.DrawFn) -> pa.Table:
    folders = st.sampled_from(["easy/", "easy/female/", "a/hard/male/", "b/hard/male/", "nowhere/"])
    stem = st.sampled_from(["1", "female", "1_cloth", "1_cloth_a"])
    garment = st.sampled_from(["a", "b", "a_cloth_a"])
    extension = st.sampled_from([".png", ".png", ".jpg"])
    names = st.one_of(
        st.builds(whole, folders, stem, garment, extension),
        st.lists(st.sampled_from(["easy/x.txt", "easy/cloth_image/", "easy/cloth_image/1.png"]), max_size=1),
    )
    keys = sorted({key for part in draw(st.lists(names, max_size=12)) for key in part})
    keys = [key for key in keys if draw(st.integers(0, 5))]
    table = listing(keys, {key: (draw(st.sampled_from([10, 10, 10, 0])), "") for key in keys})
    cut = draw(st.integers(0, table.num_rows))
    return pa.concat_tables([table.slice(0, cut), table.slice(cut)])


@COLD
@given(listings(), st.sampled_from(["first", "each"]))
def test_every_listed_key_is_used_or_accounted_for_once(table: pa.Table, cloth: str) -> None:
    manifest, audit = discover(table, cloth=cloth)
    reported = audit.table["uri"].to_pylist()
    taken = used(manifest) if cloth == "first" else [*set(used(manifest))]
    assert sorted(taken + reported) == table["uri"].to_pylist()
    assert len(set(manifest.table["key"].to_pylist())) == len(manifest)
    assert len(set(manifest.table["cloth_image"].to_pylist())) == len(manifest)


@COLD
@given(listings(), st.sampled_from(["first", "each"]))
def test_the_three_images_of_a_row_belong_together(table: pa.Table, cloth: str) -> None:
    manifest, _ = discover(table, cloth=cloth)
    for row in manifest.table.to_pylist():
        person, garment, target = (parse_key(row[role]) for role in ROLES)
        assert (person.role, garment.role, target.role) == ROLES
        assert person.stem == target.stem == row["stem"]
        assert person.folder == target.folder == garment.folder
        assert f"/{row['stem']}_cloth_{row['garment']}." in row["cloth_image"]
        assert (row["difficulty"], row["gender"]) == (person.difficulty, person.gender)


@COLD
@given(listings())
def test_triplets_of_each_garment_are_as_many_as_complete_groups(table: pa.Table) -> None:
    manifest, audit = discover(table, cloth="each")
    first, ambiguous = discover(table, cloth="first")
    assert len(manifest) == len(first) + len(ambiguous.of("ambiguous cloth"))
    assert audit.counts().get("incomplete") == ambiguous.counts().get("incomplete")
