"""`export`: files that those read who do not have this package, in a folder and below a prefix."""

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

import vton_hf
from tests.bucket import Bucket, Load, encoded, png, triplet_keys
from tests.pushing import seen
from tests.python import TRAINERS, program
from tests.s3 import MotoS3
from vton_hf.cli import main
from vton_hf.exports.folder import Folder


@pytest.fixture
def export(bucket: Bucket, tmp_path: Path) -> Any:
    """`vton_hf.export` of four triplets of each difficulty, to `out`."""
    bucket.fill(2)

    def run(directory: Any = tmp_path / "out", **options: Any) -> vton_hf.ExportResult:
        defaults = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
        return vton_hf.export(directory, **(defaults | options))

    return run


def stock(place: Path | str, *names: str, **options: Any) -> Any:
    """Stock `load_dataset`, with an empty cache."""
    options = {"cache_dir": f"{place}-read"} | options
    return datasets.load_dataset(str(place), *names, **options)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_holds_what_load_dataset_gives(export: Any, load: Load, tmp_path: Path) -> None:
    exported = export()
    assert exported.place == exported.destination == exported.url == str(tmp_path / "out")
    for name in ("easy", "medium", "hard"):
        assert seen(stock(tmp_path / "out", name, split="train")) == seen(load(name))
        streamed = stock(tmp_path / "out", name, split="train", streaming=True)
        assert [row["key"] for row in streamed] == load(name)["key"][:]
    assert len(stock(tmp_path / "out")["train"]) == 12, "hard, where no name is given"


def test_the_same_again_changes_nothing(export: Any, tmp_path: Path) -> None:
    export()
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in files(tmp_path / "out")}
    assert export().url is None
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in files(tmp_path / "out")} == before


def test_the_card_counts_what_is_wrong_where_images_were_measured(export: Any, bucket: Bucket, tmp_path: Path) -> None:
    export()
    assert "validate" not in (tmp_path / "out" / "README.md").read_text()
    keys = triplet_keys("hard", "male", "001")
    flat = encoded(Image.new("RGB", (12, 16), "navy"))
    for key in keys.values():
        bucket.put(key, flat)
    export(configs="hard", image_size=(16, 12), listing="fresh")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "What `vton-hf validate` finds in its triplets:" in card
    assert "| flat | 3 | 0 | 0 | 1 |" in card


def test_another_mix_takes_the_place_of_the_former(export: Any, tmp_path: Path) -> None:
    export()
    mine = tmp_path / "out" / "hard" / "train-00000-of-00003.parquet"
    mine.write_bytes(b"mine")
    export(configs="hard", limit=1)
    left = files(tmp_path / "out")
    assert len([name for name in left if name.startswith("hard/")]) == 3
    assert mine.read_bytes() == b"mine", "what is not ours stays"
    assert len(stock(tmp_path / "out", "hard", split="train")) == 3
    assert len(stock(tmp_path / "out", "easy", split="train")) == 4


def test_what_is_half_written_is_not_seen(export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(configs="hard")
    before = seen(stock(tmp_path / "out", "hard", split="train"))

    def fail(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("vton_hf.exports.folder.Folder.commit", fail)
        with pytest.raises(KeyboardInterrupt):
            export(configs="hard", seed=1)
    assert len([name for name in files(tmp_path / "out") if name.endswith(".parquet")]) == 2
    assert seen(stock(tmp_path / "out", "hard", split="train", cache_dir=str(tmp_path / "again"))) == before
    export(configs="hard", seed=1)
    assert [name for name in files(tmp_path / "out") if ".outgoing" in name or name.endswith(".lock")] == []
    assert len([name for name in files(tmp_path / "out") if name.endswith(".parquet")]) == 1


def test_diffusers_own_loop_trains_on_it(export: Any, tmp_path: Path) -> None:
    export(columns="instruct-pix2pix", caption="put the {garment} on")
    rows = stock(tmp_path / "out")["train"]
    assert rows.column_names[:4] == ["input_image", "edit_prompt", "edited_image", "condition"]
    assert rows.features["input_image"] == rows.features["edited_image"] == datasets.Image()
    to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    def preprocess(examples: dict[str, list[Any]]) -> dict[str, Any]:
        pairs = zip(examples["input_image"], examples["edited_image"], strict=True)
        examples["pixels"] = [torch.cat([to_tensor(person), to_tensor(target)]) for person, target in pairs]
        return examples

    batch = next(
        iter(
            torch.utils.data.DataLoader(
                rows.with_transform(preprocess),
                batch_size=4,
                shuffle=True,
                collate_fn=lambda rows: torch.stack([row["pixels"] for row in rows]),
            )
        )
    )
    assert batch.shape == (4, 6, 16, 12)
    assert set(rows["edit_prompt"]) == {"put the dress on"}
    assert rows[0]["condition"].size == (24, 16)


WANTED = {
    "train_instruct_pix2pix.py": (
        "instruct-pix2pix",
        {"input_image": "image", "edit_prompt": "text", "edited_image": "image"},
    ),
    "train_controlnet.py": ("controlnet", {"image": "image", "conditioning_image": "image", "text": "text"}),
    "train_text_to_image.py": ("controlnet", {"image": "image", "text": "text"}),
}
"""What diffusers' scripts look for, unless they are told of other columns."""


@pytest.mark.parametrize("script", WANTED)
def test_diffusers_scripts_find_their_columns_by_dataset_name(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    preset, wanted = WANTED[script]
    place = str(tmp_path / "out")
    asked = ["export", place, bucket.fill(1).prefix, "--columns", preset, "--cache-dir", str(tmp_path / "cache")]
    assert main(asked) == 0
    assert capsys.readouterr().out.endswith(
        f"diffusers' scripts: --dataset_name={place} (--train_data_dir would look for image files)\n"
    )
    assert main([*asked, "--format", "webdataset"]) == 0
    assert "--dataset_name" not in capsys.readouterr().out
    assert main(asked) == 0
    # As the scripts call it: --dataset_config_name and --train_data_dir are None unless they are given.
    options: dict[str, Any] = {"cache_dir": str(tmp_path / "read"), "data_dir": None}
    for config in (None, "easy"):
        first = datasets.load_dataset(place, config, **options)["train"][0]
        for name, kind in wanted.items():
            assert isinstance(first[name], str) if kind == "text" else first[name].convert("RGB").size


@pytest.mark.parametrize("columns", [None, "controlnet"])
@pytest.mark.parametrize("written_as", ["parquet", "webdataset"])
def test_no_reader_of_pictures_takes_the_contact_sheet_for_data(
    export: Any, tmp_path: Path, columns: str | None, written_as: str
) -> None:
    export(columns=columns, format=written_as)
    sheets = [name for name in files(tmp_path / "out") if name.endswith(".png")]
    assert len(sheets) == 3
    assert all(f"]({name})" in (tmp_path / "out" / "README.md").read_text() for name in sheets)
    for place in (tmp_path / "out", tmp_path / "out" / "hard"):
        # As diffusers' scripts read --train_data_dir, and as `datasets` documents it.
        for how in ({"data_files": {"train": f"{place}/**"}}, {"data_dir": str(place)}):
            with pytest.raises(ValueError, match="corresponds to no data"):
                stock("imagefolder", cache_dir=str(tmp_path / "cache"), **how)
    whole = [stock(tmp_path / "out"), stock(tmp_path / "out", data_dir="hard")]
    assert [len(rows["train"]) for rows in whole] == [12, 12]


def test_the_contact_sheet_of_an_earlier_export_goes(export: Any, tmp_path: Path) -> None:
    export()
    sheets = sorted((tmp_path / "out").glob("*/.*.png"))
    for sheet in sheets:
        sheet.rename(sheet.with_name(sheet.name.removeprefix(".")))
    export()
    assert sorted((tmp_path / "out").rglob("*.png")) == sheets


def test_the_contact_sheet_is_no_larger_than_its_pictures_need(bucket: Bucket, tmp_path: Path) -> None:
    widths = []
    for size in ((12, 16), (120, 20), (240, 320)):
        for key in triplet_keys("easy", "male", "000").values():
            bucket.put(key, png(key, size))
        vton_hf.export(tmp_path / str(size), configs="easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "c"))
        (sheet,) = (tmp_path / str(size)).rglob("*.png")
        with Image.open(sheet) as image:
            widths.append(image.width)
    assert widths[0] < widths[1] == widths[2]


def test_two_exports_at_once_both_stand_in_the_card(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others = Folder._write, []

    def write_late(self: Folder, name: str, data: bytes) -> None:
        if name == "README.md" and not others:
            others.append(threading.Thread(target=export, kwargs={"configs": "easy"}))
            others[0].start()
            others[0].join(timeout=2)
        write(self, name, data)

    monkeypatch.setattr(Folder, "_write", write_late)
    export(configs="hard")
    others[0].join()
    found = {name: len(stock(tmp_path / "out", name, split="train")) for name in ("easy", "hard")}
    assert found == {"easy": 4, "hard": 12}


def test_files_that_another_export_took_away_are_missed(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Folder.commit

    def commit_late(self: Folder, changes: Any) -> str | None:
        next((tmp_path / "out" / "hard").glob("*.parquet")).unlink()
        return commit(self, changes)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "commit", commit_late)
        with pytest.raises(vton_hf.BuildError, match="1 file missing from"):
            export(configs="hard")
    assert not (tmp_path / "out" / "README.md").exists()
    export(configs="hard")
    assert len(stock(tmp_path / "out", "hard", split="train")) == 12


def test_a_file_that_was_cut_short_is_written_again(export: Any, tmp_path: Path) -> None:
    export(configs="hard")
    (file,) = (tmp_path / "out" / "hard").glob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert export(configs="hard").parts[0].new_files == 1
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["a[b]c", "a*b", "what?", "a::b"])
def test_a_folder_that_load_dataset_takes_for_a_pattern_is_refused(export: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(vton_hf.ConfigError, match="pattern"):
        export(tmp_path / name)


def test_lossy_images_are_stitched_to_lossy_ones(export: Any, tmp_path: Path) -> None:
    export(columns="controlnet", configs="easy", image_format="webp")
    row = stock(tmp_path / "out", "easy", split="train")[0]
    assert (row["image"].format, row["conditioning_image"].format) == ("WEBP", "JPEG")


def test_a_person_and_a_garment_side_by_side_serve_one_conditioning_image(export: Any, tmp_path: Path) -> None:
    export(
        configs="easy", columns="image=try_on_image,condition,person=initial_image,garment_image=cloth_image,caption"
    )
    row = stock(tmp_path / "out", "easy", split="train")[0]
    assert row["condition"].crop((0, 0, 12, 16)).tobytes() == row["person"].tobytes()
    assert row["condition"].crop((12, 0, 24, 16)).tobytes() == row["garment_image"].tobytes()


READ_TARS = program("read_tars")


def test_webdataset_reads_the_tars(export: Any, load: Load, tmp_path: Path) -> None:
    export(configs="hard", format="webdataset", max_shard_size="40KB")
    done = TRAINERS.run(READ_TARS, os.environ, str(tmp_path / "out" / "hard" / "train-*.tar"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[row["key"], row["try_on_image"].tobytes().hex()] for row in load("hard")]
    rows = stock(tmp_path / "out", "hard", split="train")
    assert [row["key"] for row in rows["json"]] == load("hard")["key"][:]
    assert rows[3]["cloth_image.png"].tobytes() == load("hard")[3]["cloth_image"].tobytes()
    assert len(files(tmp_path / "out")) > 3


def card_code(folder: Path) -> list[str]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text.replace("path/to/", f"{folder.parent}/"), flags=re.DOTALL)


def test_the_card_says_how_tars_are_read(export: Any, tmp_path: Path) -> None:
    export(configs="easy", format="webdataset")
    loading, reading = card_code(tmp_path / "out")
    code = f"{reading}\nprint(len(list(samples)), len(next(iter(samples))))"
    done = TRAINERS.run(code, os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4", "4"]
    assert 'load_dataset("' in loading


def test_the_card_offers_our_transforms_only_for_our_columns(export: Any, tmp_path: Path) -> None:
    export(tmp_path / "ours", configs="easy")
    export(tmp_path / "theirs", configs="easy", columns="instruct-pix2pix")
    assert ["with_transform" in code for code in card_code(tmp_path / "ours")] == [False, True]
    assert ["with_transform" in code for code in card_code(tmp_path / "theirs")] == [False]


def test_a_format_takes_the_place_of_the_other(export: Any, tmp_path: Path) -> None:
    export(configs="hard")
    export(configs="hard", format="webdataset")
    assert [Path(name).suffix for name in files(tmp_path / "out")] == [".md", ".png", ".tar"]


def test_images_of_two_kinds_do_not_go_into_tars(export: Any, bucket: Bucket, tmp_path: Path) -> None:
    import io

    from PIL import Image

    for uri in (bucket.folder / "dataset_ultimate/easy/male/cloth_image").iterdir():
        buffer = io.BytesIO()
        Image.open(uri).save(buffer, "JPEG")
        uri.with_suffix(".jpg").write_bytes(buffer.getvalue())
        uri.unlink()
    with pytest.raises(vton_hf.ImageError, match="image_format="):
        export(configs="easy", format="webdataset")
    assert not (tmp_path / "out" / "README.md").exists()
    export(configs="easy", format="webdataset", image_format="png")
    assert len(stock(tmp_path / "out", "easy", split="train")) == 4


def test_below_a_prefix_of_a_bucket(
    export: Any, bucket: Bucket, s3: MotoS3, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)  # it would not even ask a bucket
    for path in bucket.folder.rglob("*.png"):
        s3.put("photos", path.relative_to(bucket.folder).as_posix(), path.read_bytes())
    s3.put("photos", "shared/other.txt", b"other")
    options = {"s3_prefixes": ["s3://photos/dataset_ultimate/"], "storage_options": s3.storage_options}
    exported = export("s3://photos/shared", configs="hard", **options)
    assert exported.destination == "s3://photos/shared/"
    data = f"s3://photos/shared/hard/{Path(exported.parts[0].glob).name}"
    rows = datasets.load_dataset(
        "parquet",
        data_files=data,
        split="train",
        storage_options=s3.storage_options,
        cache_dir=str(bucket.folder / "c"),
    )
    assert seen(rows) == seen(load("hard", **options))
    assert export("s3://photos/shared", configs="hard", **options).url is None


def test_rows_of_keys_only_need_no_cache(export: Any, load: Load, tmp_path: Path) -> None:
    export(configs="hard", embed_images=False)
    assert not (tmp_path / "cache" / "vton_hf" / "chunks").exists()
    assert seen(stock(tmp_path / "out", "hard", split="train")) == seen(load("hard"))


def test_a_broken_image_gives_way_where_nothing_was_built(export: Any, bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("dataset_ultimate/hard/male/try_on_image/001_vton.png", b"no picture" * 10_000)
    export(configs="hard", embed_images=False)
    rows = stock(tmp_path / "out", "hard", split="train")
    assert len(rows) == 12
    assert "hard/male/001" not in rows["key"][:]
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    shown = {key for key in rows["key"] if key.startswith("hard/")}
    female = sum(
        row["gender"] == "female" for row in rows.remove_columns("try_on_image") if row["difficulty"] == "hard"
    )
    assert f"| hard | 50% | 6 | 6 | {female} | {6 - female} | {6 - len(shown)} | {len(shown) * 25}% |" in text
    assert "broken image, another triplet of the difficulty in its place" in text
    assert export(configs="hard", embed_images=False).url is None
    with pytest.raises(vton_hf.ImageError, match="hard/male/001"):
        export(configs="hard", embed_images=False, on_error="raise", seed=1)
    export(configs="hard", embed_images=False, license="mit")
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8") == text.replace(
        "license: unknown", "license: mit"
    )


def test_images_made_smaller_are_exported_so(export: Any, tmp_path: Path) -> None:
    export(configs="easy", image_size=(8, 6), image_format="jpeg")
    row = stock(tmp_path / "out", "easy", split="train")[0]
    assert (row["cloth_image"].size, row["cloth_image"].format) == ((6, 8), "JPEG")


@pytest.fixture
def relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_says_what_it_did(
    bucket: Bucket, relative: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bucket.fill(2)
    rest = [bucket.prefix, "--configs", "easy", "--cache-dir", str(tmp_path / "cache")]
    assert main(["export", "out", *rest, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "easy/train       4      1  7.9 kB          1    7.9 kB" in told
    assert "Nothing is built yet" in told
    assert not (relative / "out").exists()
    assert main(["export", "out", *rest]) == 0
    assert f"Exported: {relative / 'out'}" in capsys.readouterr().out
    assert main(["export", "out", *rest]) == 0
    assert "Nothing has changed there." in capsys.readouterr().out
    assert main(["export", "out", *rest, "--columns", "input=nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
    (relative / "file").write_text("a file")
    for odd in ("file", "file/below", "", f"{bucket.prefix}exported", "http://127.0.0.1/x"):
        assert main(["export", odd, *rest]) == 2
        assert "Building" not in capsys.readouterr().err
    assert main(["export", "out", *rest[:1], "--configs", "easy,hardest"]) == 2
    assert (
        "configs must be one or more of 'easy', 'medium', 'hard', each once, got ['easy', 'hardest']"
        in capsys.readouterr().err
    )
