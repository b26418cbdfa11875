"""A test set is frozen the same anywhere, predictions are held against it, and scores say what they are of."""

import io
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import vton_hf
from tests.bucket import Bucket, png
from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.trees import write_tree
from vton_hf.demo import write_demo_bucket
from vton_hf.errors import ConfigError, LayoutError
from vton_hf.evaluating.unpaired import other_garments

SIZE = (64, 48)
Make = Callable[..., vton_hf.Evaluation]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two triplets of each difficulty and gender, drawn, larger than the evaluation."""
    bucket = Bucket(tmp_path_factory.mktemp("drawn"))
    write_demo_bucket(bucket.put, count=2, size=(128, 96))
    return bucket.prefix


@pytest.fixture
def make(prefix: str, tmp_path: Path) -> Make:
    """`evaluation` with a folder, a size and a cache filled in."""

    def make(name: str = "frozen", prefix: str = prefix, **options: Any) -> vton_hf.Evaluation:
        return vton_hf.evaluation(
            tmp_path / name, prefix, **({"image_size": SIZE, "cache_dir": tmp_path / "cache"} | options)
        )

    return make


@pytest.fixture(scope="module")
def made(prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation, and the ground truth, somewhat darker: predictions of which nothing is wrong."""
    folder = tmp_path_factory.mktemp("made")
    vton_hf.evaluation(folder / "frozen", prefix, image_size=SIZE, cache_dir=folder / "cache")
    (folder / "predictions").mkdir()
    for path in (folder / "frozen" / "ground_truth").iterdir():
        with Image.open(path) as image:
            image.point(lambda value: round(0.9 * value)).save(folder / "predictions" / path.name)
    return folder


@pytest.fixture
def frozen(made: Path, tmp_path: Path) -> vton_hf.Evaluation:
    """A copy that the test may change."""
    return vton_hf.Evaluation(shutil.copytree(made / "frozen", tmp_path / "frozen"))


@pytest.fixture
def predictions(made: Path, tmp_path: Path) -> Path:
    """A copy of the predictions."""
    return shutil.copytree(made / "predictions", tmp_path / "predictions")


def pairs(frozen: vton_hf.Evaluation, name: str) -> list[list[str]]:
    return [line.split(" ") for line in (frozen.directory / name).read_text(encoding="utf-8").splitlines()]


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def kinds(frozen: vton_hf.Evaluation, folder: Path, **options: Any) -> Counter[str]:
    return Counter(problem.kind for problem in frozen.check(folder, **options))


def test_each_triplet_stands_in_it_once_at_one_size_as_png(frozen: vton_hf.Evaluation) -> None:
    assert len(frozen) == 12
    for folder in ("ground_truth", "person", "garment"):
        files = sorted((frozen.directory / folder).iterdir())
        assert [file.stem for file in files] == [item.name for item in frozen.protocol.items]
        for file in files:
            with Image.open(file) as image:
                assert (image.format, image.mode, image.size) == ("PNG", "RGB", SIZE[::-1])


def test_ground_truth_is_what_a_build_makes_of_the_images(
    frozen: vton_hf.Evaluation, prefix: str, tmp_path: Path
) -> None:
    ds = vton_hf.load("easy", s3_prefixes=[prefix], image_size=SIZE, cache_dir=tmp_path / "other")
    roles = {"ground_truth": "try_on_image", "person": "initial_image", "garment": "cloth_image"}
    names = {item.key: item.name for item in frozen.protocol.items}
    for row in ds:
        for folder, role in roles.items():
            assert np.array_equal(pixels(frozen.directory / folder / f"{names[row['key']]}.png"), np.asarray(row[role]))


def test_pairs_are_those_of_the_field_in_both_spellings(frozen: vton_hf.Evaluation) -> None:
    paired, unpaired = pairs(frozen, "test_pairs_paired.txt"), pairs(frozen, "test_pairs_unpaired.txt")
    assert all(person == garment for person, garment in paired)
    assert len(paired) == len(unpaired) == 12
    assert pairs(frozen, "test_pairs.txt") == paired
    assert pairs(frozen, "test_unpairs.txt") == unpaired
    genders = {f"{item.name}.png": item.gender for item in frozen.protocol.items}
    garments = frozen.directory / "garment"
    for person, garment in unpaired:
        assert genders[person] == genders[garment]
        assert not np.array_equal(pixels(garments / person), pixels(garments / garment))
    assert len({garment for _, garment in unpaired}) == 12


def test_two_machines_make_the_same_protocol(
    frozen: vton_hf.Evaluation, make: Make, prefix: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "dataset_ultimate"
    shutil.copytree(prefix.removeprefix("file://"), elsewhere)
    other = make("other", str(elsewhere), cache_dir=tmp_path / "other-cache", num_proc=2)
    for name in ("protocol.json", "test_pairs_unpaired.txt"):
        assert (other.directory / name).read_bytes() == (frozen.directory / name).read_bytes()


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"image_size": (32, 24)}, {"aspect": "pad"}, {"gender": "male"}], ids=str
)
def test_what_decides_on_scores_changes_the_digest(frozen: vton_hf.Evaluation, make: Make, options: Any) -> None:
    assert make("other", **options).digest != frozen.digest


def test_it_is_never_changed(frozen: vton_hf.Evaluation, make: Make) -> None:
    before = {path: path.read_bytes() for path in frozen.directory.rglob("*.*")}
    (frozen.directory / "person" / f"{frozen.protocol.items[0].name}.png").unlink()
    assert make().digest == frozen.digest, "the same again: what is gone comes back"
    with pytest.raises(ConfigError, match=f"holds another evaluation, {frozen.digest}"):
        make(seed=1)
    assert {path: path.read_bytes() for path in frozen.directory.rglob("*.*")} == before


def test_a_folder_with_other_files_is_refused_before_anything_is_listed(make: Make, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(ConfigError, match="holds other files"):
        make("mine", "s3://nowhere/")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_failure_leaves_nothing_behind(make: Make, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LayoutError):
        make(prefix=str(tmp_path / "empty"))
    assert not (tmp_path / "frozen").exists()
    assert not list(tmp_path.glob(".*incomplete"))


def test_a_changed_protocol_is_not_scored(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    path = frozen.directory / "protocol.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["items"][0]["unpaired"] = None
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match="was changed"):
        vton_hf.Evaluation(frozen.directory).score(predictions)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        vton_hf.Evaluation(frozen.directory).score(predictions)
    path.unlink()
    with pytest.raises(ConfigError, match=r"holds no protocol\.json"):
        vton_hf.Evaluation(frozen.directory).score(predictions)


def test_broken_triplets_are_left_out_and_listed(bucket: Bucket, make: Make) -> None:
    bucket.fill(2, genders=("female",))
    bucket.put("dataset_ultimate/easy/female/try_on_image/000_vton.png", b"no image")
    made = make(prefix=bucket.prefix)
    assert len(made) == 5
    assert len(made.skipped) == 1
    assert made.skipped[0].startswith("easy/female/000: ")


def test_pairs_of_other_layouts_are_frozen_by_category(bucket: Bucket, make: Make) -> None:
    root = write_tree("dresscode", bucket.put, count=3, tests=2)
    made = make(prefix=bucket.uri(root), where={"split": "test", "kind": "pair"}, default_difficulty="hard")
    categories = {item.name: item.category for item in made.protocol.items}
    assert Counter(categories.values()) == {"dresses": 2, "lower_body": 2, "upper_body": 2}
    for item in made.protocol.items:
        assert item.unpaired
        assert categories[item.unpaired] == item.category
        assert item.pixels["person"] == item.pixels["ground_truth"]


def test_persons_with_several_garments_stand_in_it_once_for_each(bucket: Bucket, make: Make) -> None:
    root = write_tree("dresscode-mr", bucket.put, count=3)
    layout = Path(__file__).parents[2] / "docs" / "layouts" / "dresscode-mr.toml"
    made = make(prefix=bucket.uri(root), layout=layout, where={"kind": "pair"}, default_difficulty="hard")
    assert len(made) == 6
    assert Counter(item.category for item in made.protocol.items) == {"upper": 3, "shoe": 3}
    assert {path.stem for path in (made.directory / "garment").iterdir()} == set(made.protocol.names)


def test_rows_without_ground_truth_are_an_error_that_says_so(bucket: Bucket, make: Make) -> None:
    root = write_tree("viton-hd", bucket.put)
    with pytest.raises(ConfigError, match="nothing to compare predictions with"):
        make(prefix=bucket.uri(root), where={"split": "test"}, default_difficulty="hard")


def test_names_with_blanks_make_pair_lists_that_can_be_read(bucket: Bucket, make: Make) -> None:
    for stem in ("a 1", "a 2"):
        bucket.add_triplet("easy", "female", stem)
    made = make(prefix=bucket.prefix)
    assert pairs(made, "test_pairs_paired.txt") == [["a_1.png", "a_1.png"], ["a_2.png", "a_2.png"]]


@given(
    st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 4)), min_size=1, max_size=30),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_unpaired_garments_are_never_their_own(rows: list[tuple[str, int]], seed: int, random: Any) -> None:
    named = [(f"n{index}", group, f"g{garment}") for index, (group, garment) in enumerate(rows)]
    given_ = other_garments(*zip(*named, strict=True), seed=seed)
    groups, garments = ({row[0]: row[place] for row in named} for place in (1, 2))
    for name, other in given_.items():
        if other is not None:
            assert groups[name] == groups[other]
            assert garments[name] != garments[other]
    taken = [other for other in given_.values() if other]
    assert len(taken) == len(set(taken)), "each garment goes to one person"
    for group in set(groups.values()):
        members = [name for name in groups if groups[name] == group]
        often = max(Counter(garments[name] for name in members).values())
        left_out = sum(given_[name] is None for name in members)
        assert left_out == max(0, 2 * often - len(members)), "as many as can be are given one"
    random.shuffle(named)
    assert other_garments(*zip(*named, strict=True), seed=seed) == given_


def test_sound_predictions_have_no_problem(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    assert frozen.check(predictions) == []


def test_each_defect_is_told(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    names = [item.name for item in frozen.protocol.items]
    files = [predictions / f"{name}.png" for name in names]
    files[0].unlink()
    files[1].rename(predictions / f"{names[1]}_out.png")
    files[2].write_bytes(files[2].read_bytes()[:100])
    with Image.open(files[3]) as image:
        image.resize((24, 32)).save(files[3])
    with Image.open(files[4]) as image:
        image.save(files[4].with_suffix(".jpg"), quality=95)
    files[4].unlink()
    for place, folder in ((5, "person"), (6, "ground_truth"), (7, "garment")):
        shutil.copy(frozen.directory / folder / files[place].name, files[place])
    shutil.copy(files[8], files[9])
    (predictions / "logs").mkdir()
    (predictions / ".DS_Store").touch()
    told = {(problem.kind, problem.name): problem.detail for problem in frozen.check(predictions)}
    assert set(told) == {
        ("missing", files[0].name),
        ("missing", files[1].name),
        ("surplus", f"{names[1]}_out.png"),
        ("surplus", "logs/"),
        ("unreadable", files[2].name),
        ("size", files[3].name),
        ("format", f"{names[4]}.jpg"),
        *(("equal", files[place].name) for place in (5, 6, 7, 9)),
    }
    assert f"Did you mean '{names[1]}'" in told["surplus", f"{names[1]}_out.png"]
    assert "is 32x24, the ground truth 64x48" in told["size", files[3].name]
    assert "JPEG" in told["format", f"{names[4]}.jpg"]
    assert "input" in told["equal", files[5].name]
    assert told["equal", files[9].name] == f"equals the prediction {names[8]}"


def test_unpaired_predictions_are_held_against_their_list(bucket: Bucket, make: Make, predictions: Path) -> None:
    bucket.fill({"easy": 2}, genders=("female",))
    bucket.add_triplet("easy", "male", "alone")
    made = make("few", bucket.prefix)
    assert kinds(made, predictions, pairs="unpaired") == {"missing": 2, "surplus": 12}
    with pytest.raises(ConfigError, match="pairs must be"):
        made.check(predictions, pairs="both")  # type: ignore[arg-type]


def test_scores_are_those_of_another_library(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity  # 2 s, which no other test needs

    scores = frozen.score(predictions)
    assert scores.digest == frozen.digest
    truths = frozen.directory / "ground_truth"
    for name, found in scores.items.items():
        one, other = (Image.open(folder / f"{name}.png") for folder in (predictions, truths))
        luma = [np.asarray(image.convert("L"), np.float64) for image in (one, other)]
        how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
        _, whole = structural_similarity(*luma, full=True, **how)
        assert found["ssim"] == pytest.approx(whole[5:-5, 5:-5].mean(), abs=1e-6)
        assert found["psnr"] == pytest.approx(peak_signal_noise_ratio(np.asarray(other), np.asarray(one)))


def test_scores_are_told_by_group(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    scores = frozen.score(predictions)
    members = {name: len(group) for name, group in scores.groups.items()}
    by_difficulty = {f"difficulty={name}": 4 for name in ("easy", "medium", "hard")}
    assert members == {"all": 12, "gender=female": 6, "gender=male": 6} | by_difficulty
    mean = np.mean([scores.of(f"difficulty={name}")["ssim"] for name in ("easy", "medium", "hard")])
    assert scores.of()["ssim"] == pytest.approx(mean)
    assert f"protocol {frozen.digest}" in str(scores)


def test_predictions_that_are_the_ground_truth_score_best(frozen: vton_hf.Evaluation) -> None:
    scores = frozen.score(frozen.directory / "ground_truth")
    assert scores.of()["ssim"] == pytest.approx(1)
    assert scores.of()["psnr"] == float("inf")
    assert scores.facts()["groups"]["all"]["psnr"] is None


def test_what_is_missing_or_unfit_is_not_scored(frozen: vton_hf.Evaluation, predictions: Path) -> None:
    (predictions / f"{frozen.protocol.items[0].name}.png").write_bytes(b"no image")
    with pytest.raises(ConfigError, match=r"missing or unfit \(1\)"):
        frozen.score(predictions)
    for path in list(predictions.iterdir())[:5]:
        path.unlink()
    with pytest.raises(ConfigError, match=r"missing or unfit \(5\): .* and 2 more\."):
        frozen.score(predictions)
    with pytest.raises(ConfigError, match="is no folder"):
        frozen.score(predictions / "nowhere")


def test_what_cannot_be_computed_is_said(
    frozen: vton_hf.Evaluation, predictions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", None)
    scores = frozen.score(predictions)
    assert set(scores.of()) == {"ssim", "psnr"}
    assert set(scores.not_computed) == {"lpips", "fid", "kid"}
    assert "Not computed: FID (" in str(scores)
    unpaired = frozen.score(predictions, pairs="unpaired")
    assert "no ground truth" in unpaired.not_computed["ssim"]


def test_lpips_is_that_of_torchmetrics_where_there_are_weights(
    frozen: vton_hf.Evaluation, predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    pytest.importorskip("torchmetrics")
    weights = tmp_path / "torch" / "hub" / "checkpoints" / models.AlexNet_Weights.DEFAULT.url.rpartition("/")[2]
    weights.parent.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(models.alexnet().state_dict(), weights)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    worse = frozen.score(predictions).of()["lpips"]
    best = frozen.score(frozen.directory / "ground_truth").of()["lpips"]
    assert best == pytest.approx(0, abs=1e-6)
    assert worse > best


def test_the_command_line_makes_checks_and_scores(
    cli: Cli,  # noqa: F811
    prefix: str,
    predictions: Path,
    frozen: vton_hf.Evaluation,
    tmp_path: Path,
) -> None:
    made = cli(
        "evaluation", "make", tmp_path / "by-command", prefix, "--image-size", "64x48", "--cache-dir", tmp_path / "c"
    )
    assert made.code == 0, made.err
    assert f"protocol {frozen.digest}" in made.out
    sound = cli("evaluation", "check", tmp_path / "by-command", predictions)
    assert (sound.code, sound.out.splitlines()[0]) == (0, "Nothing is wrong with them.")
    scored = cli("evaluation", "score", tmp_path / "by-command", predictions, "--json")
    facts = json.loads(scored.out)
    assert (facts["protocol"], facts["groups"]["all"]["items"]) == (frozen.digest, 12)
    next(predictions.iterdir()).unlink()
    found = cli("evaluation", "check", tmp_path / "by-command", predictions, "--json")
    assert (found.code, [problem["kind"] for problem in json.loads(found.out)["problems"]]) == (1, ["missing"])
    assert cli("evaluation", "score", tmp_path / "by-command", predictions).code == 2


def test_pictures_too_small_for_ssim_are_refused_when_it_is_made(make: Make) -> None:
    with pytest.raises(ConfigError, match="image_size"):
        make(image_size=(8, 64))


def test_png_bytes_may_be_of_any_kind(bucket: Bucket, make: Make) -> None:
    """An image that has its size already is still made a plain PNG: transparency on white, 8 bit."""
    keys = bucket.add_triplet("easy", "female", "000")
    bucket.add_triplet("easy", "female", "001")
    with Image.open(io.BytesIO(png("a", SIZE[::-1]))) as image:
        image.putalpha(128)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
    bucket.put(keys["try_on_image"], buffer.getvalue())
    made = make(prefix=bucket.prefix)
    with Image.open(made.directory / "ground_truth" / "000.png") as image:
        assert (image.mode, image.size) == ("RGB", SIZE[::-1])
