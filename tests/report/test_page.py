"""The page as a file: what is in it, that names in it are harmless, and that its thresholds say the truth."""

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

import vton_hf
from tests.pages import DEFECTS, HOSTILE, Page, write_bucket
from vton_hf.errors import ConfigError
from vton_hf.images import psnr
from vton_hf.report import CHECKS
from vton_hf.report.page import choice


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def prefix(folder: Path) -> str:
    return write_bucket(folder, 20)


@pytest.fixture(scope="module")
def found(prefix: str, folder: Path) -> vton_hf.Validation:
    return vton_hf.validate(prefix, cache_dir=folder / "cache")


@pytest.fixture(scope="module")
def page(prefix: str, folder: Path) -> Page:
    return Page(vton_hf.preview(prefix, "medium", html=folder / "out" / "page.html", cache_dir=folder / "cache"))


def test_it_holds_each_triplet_with_its_three_images(page: Page, found: vton_hf.Validation) -> None:
    rows = page.data["rows"]
    assert len(rows["key"]) == len(set(rows["key"])) == found.triplets == 29
    for shown in page.pictures():
        assert len(shown) == 3
        assert len({picture.tobytes() for picture in shown}) == 3
    row = page.row("hard/female/dark")
    assert [rows["width"][role][row] for role in range(3)] == [96] * 3
    assert rows["garment"]["names"][rows["garment"]["codes"][row]] == "shirt"
    assert all(uri.startswith("file://") for uri in (page.data["base"] + rows["uris"][role][row] for role in range(3)))


def test_its_pictures_are_those_of_the_files(page: Page, prefix: str) -> None:
    (path,) = Path(prefix).rglob("dark_vton.png")
    from PIL import Image

    shown = page.pictures()[page.row("hard/female/dark")][2]
    assert psnr(np.asarray(shown), np.asarray(Image.open(path).convert("RGB").resize(shown.size))) > 25


def test_it_says_what_was_found_and_how_often(page: Page, found: vton_hf.Validation) -> None:
    data = page.data
    assert {check["name"]: check["total"] for check in data["checks"] if check["total"]} == found.counts()
    bad, worse = found.exclude_list(), found.exclude_list("error")
    assert (data["severities"]["error"], data["severities"]["warning"]) == (len(worse), len(bad) - len(worse))
    assert set(DEFECTS) <= set(found.counts())
    names = [data["checks"][place]["name"] for place in data["findings"]["check"]]
    assert "dark" in {
        name for name, row in zip(names, data["findings"]["row"], strict=True) if row == page.row("hard/female/dark")
    }
    assert data["not_checked"] == found.not_checked


def test_it_shows_the_mix_that_was_asked_for(page: Page) -> None:
    mix = page.data["mix"]
    assert (mix["config"], mix["error"]) == ("medium", "")
    shares = {share["difficulty"]: share for share in mix["shares"]}
    assert [shares[name]["weight"] for name in ("easy", "medium", "hard")] == [0.3, 0.7, 0.0]
    assert sum(share["got"] for share in mix["shares"]) == mix["rows"] > 0
    assert shares["medium"]["repeats"] > 0


def test_a_mix_that_cannot_be_is_explained_and_the_page_is_there(tmp_path: Path, prefix: str, folder: Path) -> None:
    page = Page(vton_hf.preview(f"{prefix}/easy/", "hard", html=tmp_path / "easy.html", cache_dir=folder / "cache"))
    assert "No samples available for difficulty 'medium'" in page.data["mix"]["error"]
    assert len(page.data["rows"]["key"]) > 0


def test_nothing_is_fetched_and_no_other_script_runs(page: Page) -> None:
    links = [
        value
        for _, attributes in page.attributes
        for name, value in attributes.items()
        if name in {"src", "href", "action", "data", "poster", "srcset"}
    ]
    assert links == []
    assert re.findall(r"https?://[\w./]+", page.text) == []
    (policy,) = (attributes["content"] for tag, attributes in page.attributes if "http-equiv" in attributes)
    known = base64.b64encode(hashlib.sha256(page.scripts[""].encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{known}'"


def test_names_are_texts_whatever_they_hold(page: Page) -> None:
    assert any(HOSTILE in key for key in page.data["rows"]["key"])
    assert "</script>" in page.data["base"]
    assert "onerror" in page.data["title"]
    assert "alert(" in page.text
    assert [tag for tag, _ in page.attributes if tag == "img"] == []
    assert sum(tag == "script" for tag, _ in page.attributes) == len(page.scripts)
    assert "alert" not in page.scripts[""]


def bad(validation: vton_hf.Validation, check: str) -> int:
    """Triplets that a check gives an error or a warning; or a note, where it gives nothing worse."""
    worst = CHECKS[check].severity
    return len({row["key"] for row in validation.of(check).to_pylist() if worst == "note" or row["severity"] != "note"})


THRESHOLDS = [
    name for name, check in CHECKS.items() if check.threshold is not None and name not in {"over-represented", "drift"}
]


@pytest.mark.parametrize("check", THRESHOLDS)
def test_a_slider_counts_what_that_threshold_would_find(
    found: vton_hf.Validation, prefix: str, folder: Path, check: str
) -> None:
    slider = found.evidence.sliders.get(check)
    if slider is None:
        wide = CHECKS[check].threshold * (2 if CHECKS[check].below else 0.5)  # type: ignore[operator]
        wide = min(wide, 7) if check == "near-duplicate" else wide
        at, counts = [wide, CHECKS[check].threshold], [0, 0]
    else:
        at, counts = list(slider.thresholds), list(slider.counts)
        assert counts[at.index(CHECKS[check].threshold)] == bad(found, check)
        # Both ends, and where the most changes.
        steps = np.abs(np.diff(counts))
        places = sorted({0, len(at) - 1, int(steps.argmax()), int(steps.argmax()) + 1})
        at, counts = [at[place] for place in places], [counts[place] for place in places]
    for threshold, count in zip(at, counts, strict=True):
        again = vton_hf.validate(prefix, cache_dir=folder / "cache", thresholds={check: threshold})
        assert (threshold, bad(again, check)) == (threshold, count)


def test_copies_of_an_image_stand_side_by_side(tmp_path: Path) -> None:
    from tests.planting import as_files, sound, write

    prefix = tmp_path / "dataset_ultimate"
    pictures = [sound("coffee.png", f"copy {number}", (96, 128)) for number in range(3)]
    for number, stem in enumerate("abcdef"):
        write(tmp_path, iter([as_files(stem, pictures[number % 3])]))
    data = Page(vton_hf.preview(prefix, html=tmp_path / "page.html", cache_dir=tmp_path / "cache")).data
    (check,) = (check for check in data["checks"] if check["name"] == "exact-duplicate")
    stems = [data["rows"]["stem"][row] for row in check["slider"]["candidates"]["row"]]
    pairs = ["".join(sorted(pair)) for pair in zip(stems[::2], stems[1::2], strict=True)]
    assert set(pairs) == {"ad", "be", "cf"}


def test_of_many_triplets_the_worst_and_a_sample_are_shown_and_all_are_counted(
    found: vton_hf.Validation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "SHOWN", 18)
    monkeypatch.setattr(choice, "LARGE_PICTURES", 4)
    page = Page(found.to_html(tmp_path / "page.html"))
    data = page.data
    assert (data["shown"], data["looked_at"], len(data["rows"]["key"])) == (18, 29, 18)
    assert data["sample"].startswith("The page shows 18 of 29 triplets")
    assert {check["name"]: check["total"] for check in data["checks"] if check["total"]} == found.counts()
    assert set(found.exclude_list()) <= set(data["rows"]["key"])
    heights = [picture[0].height for picture in page.pictures()]
    assert (heights.count(64), heights.count(128)) == (14, 4)
    small = sum(
        len(line) for name, text in page.scripts.items() if name.startswith("strips") for line in text.split("\n")
    )
    assert small < 18 * 4000 + 4 * 40_000


def test_a_sample_says_that_it_is_one(prefix: str, folder: Path, tmp_path: Path) -> None:
    page = Page(vton_hf.preview(prefix, html=tmp_path / "page.html", sample=5, cache_dir=folder / "cache"))
    assert page.data["sample"] == "A sample of 5 triplets was looked at, of 29 that there are."
    assert (len(page.data["rows"]["key"]), page.data["total"]) == (5, 29)
    assert sum(sum(genders.values()) for genders in page.data["bucket"].values()) == 29


def test_keys_that_belong_to_no_triplet_are_listed(tmp_path: Path) -> None:
    prefix = Path(write_bucket(tmp_path, 2, ("dark",)))
    next(prefix.rglob("000_person.png")).unlink()
    (prefix / "easy" / "notes.txt").write_text("")
    data = Page(vton_hf.preview(prefix, html=tmp_path / "page.html", cache_dir=tmp_path / "cache")).data
    assert {one["reason"]: (one["count"], one["triplets"]) for one in data["left_out"]} == {
        "incomplete": (2, 1),
        "unknown name": (1, 0),
    }
    assert [one["uri"].rsplit("/")[-1] for one in data["others"] if one["check"] == "unknown name"] == ["notes.txt"]


@pytest.mark.parametrize("scaled", [True, False], ids=["Normalize", "no Normalize"])
def test_a_transform_is_shown_beside_the_original_without_its_normalisation(
    prefix: str, folder: Path, tmp_path: Path, scaled: bool
) -> None:
    import torch
    from torchvision.transforms import v2

    steps = [v2.ToImage(), v2.RandomHorizontalFlip(1.0), v2.ToDtype(torch.float32, scale=True)]
    steps += [v2.Normalize([0.48, 0.45, 0.4], [0.26, 0.26, 0.27])] if scaled else []
    page = Page(
        vton_hf.preview(prefix, html=tmp_path / "page.html", transform=v2.Compose(steps), cache_dir=folder / "cache")
    )
    rows, effects, originals = page.data["effects"]["rows"], page.pictures("effects"), page.pictures()
    assert len(rows) == 28, "all but the broken one"
    for row, effect in zip(rows, effects, strict=True):
        for before, after in zip(originals[row], effect, strict=True):
            assert psnr(np.asarray(before)[:, ::-1], np.asarray(after.resize(before.size))) > 28


def test_what_makes_no_sense_is_refused(prefix: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config must be 'easy', 'medium' or 'hard'"):
        vton_hf.preview(prefix, "hardest", html=tmp_path / "page.html")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="sample must be"):
        vton_hf.preview(prefix, html=tmp_path / "page.html", sample=0)
    with pytest.raises(ConfigError, match="epoch_sizes"):
        vton_hf.preview(prefix, html=tmp_path / "page.html", epoch_sizes=3)  # type: ignore[call-arg]
    assert not (tmp_path / "page.html").exists()
