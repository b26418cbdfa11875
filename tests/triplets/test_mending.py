"""What keys that were left out cost in triplets, and which names would bring them back."""

import pyarrow as pa
import pytest

from tests.triplets.listings import BUCKET, empty, listing, several, whole
from vton_hf.triplets import Audit, discover, lost_triplets, mending
from vton_hf.triplets.audit import REASONS


def audit_of(*keys: str, hollow: str = "") -> Audit:
    """Of these keys beside three triplets that are complete."""
    sizes = [empty(hollow)] if hollow else []
    return discover(listing([*several("easy/male/", 3), *keys, *filter(None, [hollow])], *sizes))[1]


def test_a_triplet_is_lost_once_whatever_the_number_of_its_keys() -> None:
    audit = audit_of(
        "hard/male/initial_image/a_person.png",
        "hard/male/cloth_image/a_cloth_hat.png",
        "hard/female/initial_image/a_person.png",
        *whole("elsewhere/", "001"),
        hollow="hard/male/try_on_image/b_vton.png",
    )
    assert lost_triplets(audit) == {"incomplete": 2, "zero bytes": 1, "no difficulty": 1}
    assert set(lost_triplets(audit)) <= set(REASONS)
    assert mending(audit) == []


@pytest.mark.parametrize(
    ("role", "wrong", "text"),
    [
        ("try_on_image", "{}_result.png", "try_on_image/STEM_result.png were called STEM_vton.png"),
        ("try_on_image", "{}-tryon.final.png", "try_on_image/STEM-tryon.final.png were called STEM_vton.png"),
        ("initial_image", "{}_model.jpg", "initial_image/STEM_model.jpg were called STEM_person.png"),
        (
            "cloth_image",
            "{}_garment_red_hat.png",
            "cloth_image/STEM_garment_GARMENT.png were called STEM_cloth_GARMENT.png",
        ),
    ],
)
def test_images_that_lack_only_the_right_ending_are_told_together(role: str, wrong: str, text: str) -> None:
    stems = [f"x_{number}" for number in range(4)]
    keys = [key for stem in stems for key in whole("hard/male/", stem) if f"/{role}/" not in key]
    keys += [f"hard/male/{role}/{wrong.format(stem)}" for stem in stems]
    audit = audit_of(*keys)
    assert mending(audit) == [f"4 triplets would be complete if {text}."]
    one = audit_of(*keys[:2], keys[-4])
    assert mending(one) == [], "one alone says nothing"


def test_a_folder_whose_name_is_nearly_a_difficulty_is_named() -> None:
    audit = audit_of(*several("eassy/male/", 2), *several("eassy/female/", 3), *several("photos/male/", 4))
    assert mending(audit) == [f"5 triplets would have a difficulty if {BUCKET}eassy/ were called easy/."]


def test_what_brings_most_comes_first() -> None:
    keys = [key for stem in "abc" for key in whole("hard/male/", stem) if "/try_on_image/" not in key]
    keys += [f"hard/male/try_on_image/{stem}_out.png" for stem in "abc"]
    few, many = audit_of(*keys, *several("meduim/", 2)), audit_of(*keys, *several("meduim/", 5))
    assert [text.split()[0] for text in (*mending(few), *mending(many))] == ["3", "2", "5", "3"]


def test_a_triplet_whose_images_say_different_things_is_lost_once() -> None:
    keys = whole("hard/male/", "a")
    table = listing([*several("easy/male/", 3), *keys])
    denied = [uri.endswith(("a_person.png", "a_vton.png")) for uri in table["uri"].to_pylist()]
    sizes = [-1 if out else size for out, size in zip(denied, table["size"].to_pylist(), strict=True)]
    why = [f"reason {place}" if out else "" for place, out in enumerate(denied)]
    table = table.set_column(1, "size", pa.array(sizes, pa.int64())).set_column(2, "etag", pa.array(why))
    audit = discover(table)[1]
    assert len({row["detail"] for row in audit.of("unreadable")}) > 1
    assert lost_triplets(audit) == {"unreadable": 1}
