"""Rows by files of pairs: read by what they name, whatever they are called and however they are written."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.triplets.listings import BUCKET, empty, listing
from vton_hf.errors import LayoutError
from vton_hf.triplets import Audit, Manifest, Naming, discover, read_layout

ROOT = "V/"


def names(count: int, first: int = 0) -> list[str]:
    return [f"{first + number:05d}_00" for number in range(count)]


def viton(split: str, stems: Sequence[str]) -> list[str]:
    return [f"{ROOT}{split}/{folder}/{stem}.jpg" for stem in stems for folder in ("image", "cloth")]


def found(
    keys: Sequence[str], files: Mapping[str, str | bytes], layout: Any = "auto", changed: Any = None
) -> tuple[Manifest, Audit]:
    """What becomes of some keys and files of pairs; all is of one difficulty that nobody asks for."""
    bodies = {BUCKET + name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    naming = Naming(read_layout(layout), (BUCKET,), lambda uris: [bodies[uri] for uri in uris])
    return discover(listing([*keys, *files], changed), naming=naming, needs_difficulty=False)


def rows(manifest: Manifest) -> dict[str, tuple[str, str]]:
    """Of each key the kind, and what the garment is called."""
    columns = manifest.columns
    assert columns is not None
    keys, garments = manifest.table["key"].to_pylist(), manifest.table["garment"].to_pylist()
    kinds = columns["kind"].to_pylist()
    return dict(zip(keys, zip(kinds, garments, strict=True), strict=True))


def lines(*pairs: tuple[str, str], ending: str = "\n") -> str:
    return "".join(f"{one}.jpg {two}.jpg{ending}" for one, two in pairs)


TURNED = list(zip(names(3), [*names(3)[1:], names(3)[0]], strict=True))
SAME = [(name, name) for name in names(3)]


@pytest.mark.parametrize("name", ["test_pairs.txt", "test_pairs_unpaired.txt", "test_unpairs.txt", "train_pairs.txt"])
@pytest.mark.parametrize(("pairs", "kind"), [(SAME, "pair"), (TURNED, "unpaired")], ids=["same", "turned"])
def test_a_file_is_what_its_rows_say(name: str, pairs: list[tuple[str, str]], kind: str) -> None:
    split = name.split("_", maxsplit=1)[0]
    manifest, audit = found(viton(split, names(3)), {ROOT + name: lines(*pairs)})
    assert [row[0] for row in rows(manifest).values()] == [kind] * 3
    assert audit.counts() == {}
    images = manifest.table.to_pylist()[0]
    if kind == "pair":
        assert (images["initial_image"], images["try_on_image"] is None) == (None, False)
    else:
        assert (images["try_on_image"], "/image/" in images["initial_image"]) == (None, True)


def test_one_row_that_is_otherwise_makes_no_other_file_of_it() -> None:
    pairs = [*SAME, (names(3)[0], names(3)[1])]
    manifest, _ = found(viton("train", names(3)), {f"{ROOT}train_pairs.txt": lines(*pairs)})
    kinds = sorted(kind for kind, _ in rows(manifest).values())
    assert kinds == ["pair", "pair", "pair", "unpaired"]


def test_garments_with_names_of_their_own_are_pairs_where_a_file_says_so() -> None:
    keys = [*(f"C/person/p{number}.jpg" for number in range(3)), *(f"C/garment/g{number}.png" for number in range(3))]
    pairs = "".join(f"p{number}.jpg g{2 - number}.png\n" for number in range(3))
    manifest, _ = found(keys, {"C/train_pairs.txt": pairs})
    assert rows(manifest) == {f"p{number}/g{2 - number}": ("pair", f"g{2 - number}") for number in range(3)}
    other, _ = found(keys, {"C/test_pairs_unpaired.txt": pairs})
    assert {kind for kind, _ in rows(other).values()} == {"unpaired"}


def test_the_garment_may_stand_first_which_the_names_show() -> None:
    keys = [*(f"C/person/p{number}.jpg" for number in range(3)), *(f"C/cloth/g{number}.jpg" for number in range(3))]
    straight, _ = found(keys, {"C/train_pairs.txt": "p0.jpg g1.jpg\np1.jpg g2.jpg\n"})
    turned, audit = found(keys, {"C/train_pairs.txt": "g1.jpg p0.jpg\ng2.jpg p1.jpg\n"})
    assert rows(turned) == rows(straight)
    assert "train_pairs.txt has the garment first" in audit.seen[0].told


def test_a_layout_says_which_stands_first_where_names_do_not() -> None:
    text = layout_of_viton() | {"pair_columns": ["garment", "person"]}
    manifest, _ = found(viton("test", names(3)), {f"{ROOT}test_pairs.txt": lines(*TURNED)}, text)
    assert rows(manifest)[f"{names(3)[1]}/{names(3)[0]}"] == ("unpaired", names(3)[0])


def layout_of_viton() -> dict[str, Any]:
    return {
        "kind": "pair",
        "cloth_image": "{split}/cloth/{stem}.jpg",
        "try_on_image": "{split}/image/{stem}.jpg",
        "pairs": "{split}_pairs.txt",
    }


DEFECTS = {
    "windows": lines(*SAME, ending="\r\n"),
    "old mac": lines(*SAME, ending="\r"),
    "mark": b"\xef\xbb\xbf" + lines(*SAME).encode(),
    "utf-16": lines(*SAME).encode("utf-16"),
    "tabs": lines(*SAME).replace(" ", "\t"),
    "commas": lines(*SAME).replace(" ", ","),
    "blanks around": lines(*SAME).replace("\n", "  \n\n").replace(" ", "   "),
    "comment": "# person garment\n" + lines(*SAME),
    "no endings": lines(*SAME).replace(".jpg", ""),
    "other endings": lines(*SAME).replace(".jpg", ".PNG"),
    "paths": re.sub(r"(\S+) (\S+)", r"image/\1 cloth/\2", lines(*SAME)),
    "paths from above": re.sub(r"(\S+) (\S+)", r"/data/tree/train/image/\1 ../train/cloth/\2", lines(*SAME)),
    "windows paths": re.sub(r"(\S+) (\S+)", r"train\\image\\\1 train\\cloth\\\2", lines(*SAME)),
    "quotes": re.sub(r"(\S+) (\S+)", r'"\1","\2"', lines(*SAME)),
    "semicolons": lines(*SAME).replace(" ", ";"),
    "bars": lines(*SAME).replace(" ", " | "),
}


@pytest.mark.parametrize("text", DEFECTS.values(), ids=DEFECTS)
def test_however_lines_are_written_they_name_the_same(text: str | bytes) -> None:
    manifest, audit = found(viton("train", names(3)), {f"{ROOT}train_pairs.txt": text})
    assert list(rows(manifest).values()) == [("pair", garment) for _, garment in rows(manifest).values()]
    assert (len(manifest), audit.counts()) == (3, {})


def test_a_blank_in_a_name_is_part_of_it() -> None:
    manifest, audit = found(
        viton("train", ["red shirt", "b"]), {f"{ROOT}train_pairs.txt": "red shirt.jpg red shirt.jpg\n"}
    )
    assert (list(rows(manifest)), audit.counts()) == (["red shirt"], {"not listed": 2})


def test_endings_in_capitals_and_of_other_formats_are_found() -> None:
    keys = [
        key.replace(".jpg", ".JPG") if "image" in key else key.replace(".jpg", ".webp")
        for key in viton("train", names(2))
    ]
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": lines(*SAME[:2])})
    assert (len(manifest), audit.counts()) == (2, {})


def test_what_a_file_names_and_is_not_there_is_counted_with_its_line() -> None:
    text = lines(*SAME[:2], ("00009_00", "00009_00"), SAME[1]) + "alone.jpg\n"
    manifest, audit = found(viton("train", names(3)), {f"{ROOT}train_pairs.txt": text})
    assert len(manifest) == 2
    assert audit.counts() == {"missing file": 1, "repeated line": 1, "unreadable line": 1, "not listed": 2}
    assert [row["detail"] for row in audit.of("missing file")] == ["line 3 names 00009_00.jpg"]
    assert [row["detail"] for row in audit.of("repeated line")] == ["line 4 names 00001_00.jpg and 00001_00.jpg again"]
    assert [row["detail"] for row in audit.of("unreadable line")] == ["line 5"]
    assert {row["uri"] for row in audit.of("missing file")} == {f"{BUCKET}{ROOT}train_pairs.txt"}


def test_an_empty_picture_takes_its_pair_with_it() -> None:
    keys = viton("train", names(3))
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": lines(*SAME)}, changed=empty(keys[0]))
    assert (len(manifest), audit.counts()) == (2, {"zero bytes": 2})


def test_a_pair_in_two_files_is_one_row_of_the_first() -> None:
    files = {f"{ROOT}test_pairs.txt": lines(*SAME), f"{ROOT}train_pairs.txt": lines(*SAME)}
    manifest, audit = found(viton("train", names(3)) + viton("test", names(3)), files)
    assert len(manifest) == 6, "those of train and of test are other pictures"
    twice = {f"{ROOT}train_pairs.txt": lines(*SAME), f"{ROOT}train_pairs_paired.txt": lines(*SAME)}
    manifest, audit = found(viton("train", names(3)), twice)
    assert (len(manifest), audit.counts()) == (3, {"repeated line": 3})


def test_what_no_file_is_about_is_paired_by_name() -> None:
    manifest, _ = found(viton("train", names(2)) + viton("test", names(3)), {f"{ROOT}test_pairs.txt": lines(*TURNED)})
    kinds = [kind for kind, _ in rows(manifest).values()]
    assert sorted(kinds) == ["pair"] * 2 + ["unpaired"] * 3


def test_a_triplet_layout_takes_what_its_files_name() -> None:
    layout = {
        "initial_image": "before/{stem}.jpg",
        "cloth_image": "clothes/{stem}.jpg",
        "try_on_image": "after/{stem}.jpg",
        "pairs": "pairs.txt",
    }
    people = [f"T/{folder}/{number}.jpg" for number in range(3) for folder in ("before", "after")]
    clothes = [f"T/clothes/c{number}.jpg" for number in range(3)]
    text = "0.jpg c1.jpg\n1.jpg c0.jpg\n2.jpg c2.jpg\n"
    manifest, audit = found([*people[:-2], people[-1], *clothes], {"T/pairs.txt": text}, layout)
    assert rows(manifest) == {"0/c1": ("triplet", "c1"), "1/c0": ("triplet", "c0")}
    assert audit.counts() == {"incomplete": 2}


def images(manifest: Manifest, role: str) -> list[str]:
    return sorted(uri.removeprefix(BUCKET + ROOT) for uri in manifest.table[role].to_pylist() if uri)


def test_a_name_with_folders_is_that_picture_and_no_other() -> None:
    keys = [*viton("train", names(2)), *viton("test", names(2))]
    text = "".join(f"train/image/{name}.jpg train/cloth/{name}.jpg\n" for name in names(2))
    manifest, _ = found(keys, {f"{ROOT}pairs.txt": text})
    named = [path for path in images(manifest, "try_on_image") if path.startswith("train/")]
    assert named == [f"train/image/{name}.jpg" for name in names(2)]
    text += text.replace("train/", "test/")
    manifest, audit = found(keys, {f"{ROOT}pairs.txt": text})
    assert (len(manifest), audit.counts()) == (4, {})


def test_a_picture_in_a_folder_that_is_not_there_is_missing_not_another_one() -> None:
    keys = [f"{ROOT}person/0.jpg", f"{ROOT}person/men/0.jpg", f"{ROOT}garment/0_men.jpg", f"{ROOT}garment/0.jpg"]
    _, audit = found(keys, {f"{ROOT}train_pairs.txt": "men/0.jpg 0_men.jpg\n"})
    assert audit.counts()["missing file"] == 1
    manifest, _ = found(keys, {f"{ROOT}train_pairs.txt": "men/0.jpg 0_men.jpg\n0.jpg 0_men.jpg\n"})
    assert images(manifest, "initial_image") == ["person/0.jpg"]


def test_of_two_endings_the_named_one_is_taken() -> None:
    keys = [f"{ROOT}image/0.jpg", f"{ROOT}image/0.png", f"{ROOT}cloth/0.jpg"]
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": "0.png 0.jpg\n"})
    assert images(manifest, "try_on_image") == ["image/0.png"]
    assert [row["uri"] for row in audit.of("not listed")] == [f"{BUCKET}{ROOT}image/0.jpg"]


def test_a_name_that_fits_several_pictures_is_said_and_not_guessed() -> None:
    keys = [
        f"{ROOT}{part}/images/{n:06d}_{k}.jpg" for part in ("dresses", "upper_body") for n in (0, 1) for k in (0, 1)
    ]
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": "000000_0.jpg\t000000_1.jpg\n"})
    assert len(manifest) == 0
    (row,) = audit.of("missing file")
    assert row["detail"] == "line 1 names 000000_0.jpg and 000000_1.jpg, and there are several of that name"
    whole = "000000_0.jpg\t000000_1.jpg\t2\n000000_0.jpg\t000000_1.jpg\t0\n"
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": whole})
    assert (len(manifest), audit.counts()) == (2, {"not listed": 4})


@pytest.mark.parametrize("text", ["gone.jpg other.jpg\n", "just one name\n"[:5]], ids=["missing", "unreadable"])
def test_a_list_of_which_nothing_is_there_pairs_nothing_by_stems(text: str) -> None:
    manifest, audit = found(viton("train", names(2)), {f"{ROOT}train_pairs.txt": text})
    assert len(manifest) == 0
    assert sum(audit.counts().values()) == 5
    both = [*viton("train", names(2)), *viton("test", names(2))]
    files = {f"{ROOT}train_pairs.txt": text, f"{ROOT}test_pairs.txt": lines(*SAME[:2])}
    manifest, _ = found(both, files)
    assert images(manifest, "try_on_image") == [f"test/image/{name}.jpg" for name in names(2)]


def test_a_name_may_begin_with_a_hash() -> None:
    keys = [f"{ROOT}image/#1 red.jpg", f"{ROOT}cloth/#1 red.jpg"]
    manifest, audit = found(keys, {f"{ROOT}train_pairs.txt": "# person garment\n#1 red.jpg #1 red.jpg\n"})
    assert (manifest.table["stem"].to_pylist(), audit.counts()) == (["#1 red"], {})


TRIPLETS = {
    "kind": "triplet",
    "initial_image": "before/{stem}.png",
    "cloth_image": "garment/{stem}.png",
    "try_on_image": "result/{stem}.png",
    "pairs": ["{split}_pairs.txt"],
    "columns": {"mask": "mask/{stem}.png"},
}


@pytest.mark.parametrize("before", ["a", "z"], ids=["first", "last"])
def test_unpaired_rows_of_triplets_have_the_files_of_their_person(before: str) -> None:
    layout = TRIPLETS | {"initial_image": f"{before}/{{stem}}.png"}
    keys = [f"{ROOT}{folder}/{n}.png" for folder in (before, "garment", "mask", "result") for n in range(4)]
    manifest, _ = found(keys, {f"{ROOT}test_pairs.txt": "1.png 2.png\n2.png 3.png\n3.png 0.png\n"}, layout)
    assert manifest.columns is not None
    masks = dict(zip(manifest.table["stem"].to_pylist(), manifest.columns["mask"].to_pylist(), strict=True))
    assert masks == {str(n): f"{BUCKET}{ROOT}mask/{n}.png" for n in (1, 2, 3)}


PERSONS = {"try_on_image": "person/{gender}/{stem}.jpg", "cloth_image": "garment/{stem}.jpg"}


def test_what_only_the_folder_of_persons_says_is_known() -> None:
    keys = [f"{ROOT}person/female/0.jpg", f"{ROOT}person/male/1.jpg", f"{ROOT}garment/0.jpg", f"{ROOT}garment/1.jpg"]
    manifest, _ = found(keys, {}, PERSONS)
    assert dict(zip(*(manifest.table[name].to_pylist() for name in ("stem", "gender")), strict=True)) == {
        "0": "female",
        "1": "male",
    }
    with pytest.raises(LayoutError, match=r"differ in \{gender\}"):
        found([*keys, f"{ROOT}person/male/0.jpg"], {}, PERSONS)


def test_files_called_by_stem_and_garment_are_those_of_both() -> None:
    layout = TRIPLETS | {"cloth_image": "garment/{stem}__{garment}.png", "columns": {"m": "m/{stem}__{garment}.png"}}
    keys = [f"{ROOT}{folder}/0.png" for folder in ("before", "result")]
    keys += [f"{ROOT}{folder}/0__{garment}.png" for folder in ("garment", "m") for garment in "xy"]
    naming = Naming(read_layout(layout), (BUCKET,), lambda _: [])
    manifest, _ = discover(listing(keys), naming=naming, needs_difficulty=False, cloth="each")
    assert manifest.columns is not None
    masks = dict(zip(manifest.table["garment"].to_pylist(), manifest.columns["m"].to_pylist(), strict=True))
    assert masks == {garment: f"{BUCKET}{ROOT}m/0__{garment}.png" for garment in "xy"}
