"""`split=` in all its forms, as `datasets` understands them."""

import pytest
from datasets import ReadInstruction, Split

from vton_hf.builder.splits import check_split, each_split, name_of, parts_of
from vton_hf.errors import ConfigError


@pytest.mark.parametrize(
    ("split", "ranges"),
    [
        ("train", [(0, 40)]),
        ("all", [(0, 40)]),
        (Split.TRAIN, [(0, 40)]),
        (Split.ALL, [(0, 40)]),
        ("train[:10%]", [(0, 4)]),
        ("train[90%:]", [(36, 40)]),
        ("train[10:20]", [(10, 20)]),
        ("train[-3:]", [(37, 40)]),
        ("train[:1000]", [(0, 40)]),
        ("train[5:5]", [(5, 5)]),
        ("train[:2]+train[-2:]", [(0, 2), (38, 40)]),
        (ReadInstruction("train", to=50, unit="%"), [(0, 20)]),
        (ReadInstruction("train", from_=-5, unit="abs"), [(35, 40)]),
        (
            ReadInstruction("train", to=1, unit="abs") + ReadInstruction("train", from_=39, unit="abs"),
            [(0, 1), (39, 40)],
        ),
    ],
    ids=str,
)
def test_a_split_names_rows(split: object, ranges: list[tuple[int, int]]) -> None:
    assert parts_of(split, {"train": 40}) == [("train", range(*part)) for part in ranges]


@pytest.mark.parametrize(
    ("split", "parts"),
    [
        ("validation", [("validation", (0, 8))]),
        (Split.TEST, [("test", (0, 4))]),
        ("test[:50%]+train[:2]", [("test", (0, 2)), ("train", (0, 2))]),
        ("all", [("train", (0, 40)), ("validation", (0, 8)), ("test", (0, 4))]),
    ],
    ids=str,
)
def test_where_there_are_several_splits_each_has_its_rows(
    split: object, parts: list[tuple[str, tuple[int, int]]]
) -> None:
    rows = {"train": 40, "validation": 8, "test": 4}
    assert parts_of(split, rows) == [(name, range(*of_name)) for name, of_name in parts]


def test_all_is_called_by_the_names_of_all() -> None:
    assert str(name_of("all", ["train", "test"])) == "train+test"
    assert each_split(None, str, dict, ["train", "test"]) == {"train": "train", "test": "test"}


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 99, 101])
def test_percentages_share_all_rows_without_overlap(rows: int) -> None:
    parts = [parts_of(f"train[{start}%:{start + 10}%]", {"train": rows}) for start in range(0, 100, 10)]
    assert [row for (part,) in parts for row in part.rows] == list(range(rows))


@pytest.mark.parametrize(
    "split", ["test", "validation[:10%]", "train[", "train[a:b]", "train[:200%]", "", "Train", "train+test", 7]
)
def test_another_split_is_refused_with_what_is_allowed(split: object) -> None:
    with pytest.raises(ConfigError) as caught:
        check_split(split)
    assert str(caught.value).startswith(f"split={split!r} cannot be read (")
    assert str(caught.value).endswith(
        "Allowed: 'train', a slice such as 'train[:10%]' or 'train[100:200]', a sum of slices, or None for all. "
        "splits={'validation': 0.05} makes others."
    )


@pytest.mark.parametrize(
    ("split", "loaded"),
    [
        ("train", "<train>"),
        (None, {"train": "<train>"}),
        (["train[:1]", "train[1:]"], ["<train[:1]>", "<train[1:]>"]),
        (("train",), ("<train>",)),
        ({"a": "train[:1]", "b": ["train"]}, {"a": "<train[:1]>", "b": ["<train>"]}),
    ],
    ids=str,
)
def test_several_splits_come_as_they_were_asked_for(split: object, loaded: object) -> None:
    assert each_split(split, lambda part: f"<{part}>", dict) == loaded


def test_a_dictionary_of_splits_is_put_together_as_told() -> None:
    assert each_split(None, str, lambda parts: sorted(parts.items())) == [("train", "train")]
