"""Triplets as a generator leaves them, and one way or several to spoil each: what `validate` is measured on.

A person is part of a photograph, a garment a fabric in the shape of a garment, and the target shows that fabric where a
shirt or a dress would be; outside it is no copy, but what a generator gives back: a little softer, brighter, shifted,
and through JPEG. `python -m tests.planting FOLDER` writes a bucket to look at.
"""

import io
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from vton_hf.demo.triplet import draw_triplet
from vton_hf.naming import ROLES, ImageKey, format_key

PERSON, GARMENT, TARGET = ROLES
SIZE = (288, 384)
"""Width and height."""

DRAWN = "drawn"

CHOSEN_ON = ("astronaut.png", "motorcycle_left.png", "ihc.png", "china.jpg", DRAWN)
"""The photographs on which thresholds were chosen."""

REPORTED_ON = ("coffee.png", "chelsea.png", "rocket.jpg", "flower.jpg", "retina.jpg")
"""Those on which the rates in the documentation were measured."""


@dataclass(frozen=True)
class Planted:
    """One triplet, as files.

    Attributes:
        stem: Its name.
        files: By role the bytes, and the extension of their name.
        kind: The garment in the file's name.
        folder: Difficulty and gender.
    """

    stem: str
    files: dict[str, tuple[bytes, str]]
    kind: str = "shirt"
    folder: str = "hard/female"

    def keys(self, root: str = "dataset_ultimate/") -> dict[str, str]:
        """The key of each role."""
        named = {
            role: format_key(ImageKey(f"{root}{self.folder}/", role, self.stem, self.kind if role == GARMENT else ""))
            for role in ROLES
        }
        return {role: f"{key.rsplit('.', 1)[0]}.{self.files[role][1]}" for role, key in named.items()}

    def with_files(self, **files: tuple[bytes, str]) -> "Planted":
        return replace(self, files=self.files | files)


Pictures = dict[str, Image.Image]


@cache
def photograph(name: str) -> Image.Image:
    import skimage
    import sklearn

    folders = Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets/images"
    path = next(folder / name for folder in folders if (folder / name).exists())
    return Image.open(path).convert("RGB")


def part_of(
    photo: Image.Image, chance: random.Random, size: tuple[int, int], share: tuple[float, float]
) -> Image.Image:
    """Some part of a photograph, of the wanted shape."""
    width = min(photo.width, int(photo.height * chance.uniform(*share) * size[0] / size[1]))
    height = min(photo.height, int(width * size[1] / size[0]))
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height)).resize(size, Image.Resampling.LANCZOS)


def fabric(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """Cloth of one colour, striped, checked or dotted, with folds."""
    ground, print_ = (tuple(chance.randint(20, 235) for _ in range(3)) for _ in range(2))
    image = Image.new("RGB", size, ground)
    pen, step = ImageDraw.Draw(image), chance.randint(size[0] // 14, size[0] // 6)
    pattern = chance.choice(["plain", "stripes", "checks", "dots"])
    for at in range(0, max(size) * 2, step):
        if pattern in {"stripes", "checks"}:
            pen.line((at, 0, at, size[1]), fill=print_, width=max(2, step // 3))
        if pattern == "checks":
            pen.line((0, at, size[0], at), fill=print_, width=max(2, step // 4))
        if pattern == "dots":
            for across in range(0, size[0], step):
                pen.ellipse((across, at, across + step // 2, at + step // 2), fill=print_)
    rng = np.random.default_rng(chance.getrandbits(32))
    folds = Image.fromarray(rng.integers(196, 256, (6, 4), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(image, Image.merge("RGB", (folds,) * 3))


def outline(size: tuple[int, int], box: tuple[float, float, float, float], *, long: bool) -> Image.Image:
    """The shape of a shirt or a dress within a box (shares of width and height), as a mask."""
    left, top, right, bottom = box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]
    wide, tall = right - left, bottom - top
    shirt = [(0.3, 0), (0.42, 0.06), (0.58, 0.06), (0.7, 0), (1, 0.28), (0.84, 0.4), (0.77, 0.32), (0.79, 1)]
    dress = [(0.34, 0), (0.44, 0.05), (0.56, 0.05), (0.66, 0), (0.78, 0.2), (0.7, 0.24), (0.7, 0.5), (0.98, 1)]
    points = dress if long else shirt
    points = points + [(1 - x, y) for x, y in reversed(points[4:])]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(left + x * wide, top + y * tall) for x, y in points], fill=255)
    return mask.filter(ImageFilter.GaussianBlur(size[0] / 400))


def sound(source: str, seed: str, size: tuple[int, int] = SIZE) -> Pictures:
    """The pictures of one triplet in which nothing is wrong."""
    chance = random.Random(seed)
    if source == DRAWN:
        difficulty, gender = chance.choice(["easy", "medium", "hard"]), chance.choice(["female", "male"])
        drawn = draw_triplet(difficulty, gender, chance.randint(1, 10**6), size=(size[1], size[0]), seed=0)
        return {role: getattr(drawn, role) for role in (PERSON, GARMENT)} | {
            TARGET: generated(drawn.try_on_image, chance)
        }
    person = part_of(photograph(source), chance, size, (0.45, 0.9))
    noise = np.random.default_rng(chance.getrandbits(32)).integers(-2, 3, (size[1], size[0], 3))
    person = Image.fromarray((np.asarray(person).astype(np.int16) + noise).clip(0, 255).astype(np.uint8))
    long, cloth = chance.random() < 0.3, fabric(chance, size)
    white = chance.randint(240, 255)
    garment = Image.composite(
        cloth, Image.new("RGB", size, (white,) * 3), outline(size, (0.12, 0.1, 0.88, 0.9), long=long)
    )
    top, left = chance.uniform(0.22, 0.34), chance.uniform(0.2, 0.3)
    box = (left, top, left + chance.uniform(0.4, 0.5), top + chance.uniform(0.5, 0.6) * (1.15 if long else 0.8))
    worn = ImageEnhance.Brightness(cloth).enhance(chance.uniform(0.85, 1.1))
    target = Image.composite(worn, person, outline(size, box, long=long))
    return {PERSON: person, GARMENT: garment, TARGET: generated(target, chance)}


def generated(picture: Image.Image, chance: random.Random) -> Image.Image:
    """What a generator gives back of a picture: up to a pixel of shift, softer, two levels of brightness, JPEG."""
    shift = (chance.uniform(-1, 1), chance.uniform(-1, 1))
    moved = picture.transform(
        picture.size, Image.Transform.AFFINE, (1, 0, shift[0], 0, 1, shift[1]), Image.Resampling.BICUBIC
    )
    moved = Image.composite(moved, picture, _inner(picture.size))
    soft = moved.filter(ImageFilter.GaussianBlur(0.6))
    level = chance.choice([-2, -1, 1, 2])
    return through_jpeg(soft.point(lambda value: max(0, min(255, value + level))), 88)


def _inner(size: tuple[int, int]) -> Image.Image:
    """All but a border of two pixels, where a shift has no pixels to take."""
    mask = Image.new("L", size)
    mask.paste(255, (2, 2, size[0] - 2, size[1] - 2))
    return mask


def through_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))).convert("RGB")


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"compress_level": 1} if kind == "PNG" else {}), **options)
    return buffer.getvalue()


def as_files(stem: str, pictures: Pictures, **where: str) -> Planted:
    return Planted(stem, {role: (encoded(picture), "png") for role, picture in pictures.items()}, **where)


Spoil = Callable[[Pictures, random.Random], Pictures | dict[str, bytes | tuple[bytes, str]]]
"""Gives the pictures or the bytes that take the place of a triplet's own."""


def _role(chance: random.Random) -> str:
    return chance.choice(ROLES)


def _each(change: Callable[[Image.Image, random.Random], Image.Image | bytes], *roles: str) -> Spoil:
    def spoil(pictures: Pictures, chance: random.Random) -> Pictures:
        role = chance.choice(roles or ROLES)
        return {role: change(pictures[role], chance)}  # type: ignore[dict-item]

    return spoil


def _truncated(picture: Image.Image, chance: random.Random) -> bytes:
    whole = encoded(picture, chance.choice(["PNG", "JPEG", "WEBP"]))
    return whole[: int(len(whole) * chance.uniform(0.3, 0.9))]


def _not_an_image(picture: Image.Image, chance: random.Random) -> bytes:
    page = b"<html><body>403 Forbidden</body></html>"
    return chance.choice([page, b'{"error": "denied"}', chance.randbytes(4000), encoded(picture, "GIF")])


def _trailing(picture: Image.Image, chance: random.Random) -> bytes:
    return encoded(picture, chance.choice(["PNG", "JPEG"])) + chance.choice([bytes(500), chance.randbytes(3000)])


def _unusual(picture: Image.Image, chance: random.Random) -> bytes:
    kind = chance.choice(["P", "CMYK", "I;16"])
    if kind == "CMYK":
        return encoded(picture.convert("CMYK"), "JPEG")
    if kind == "P":
        return encoded(picture.quantize(64))
    return encoded(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257))


def _hidden(picture: Image.Image, chance: random.Random) -> bytes:
    alpha = Image.new("L", picture.size, 255)
    ImageDraw.Draw(alpha).rectangle((0, 0, picture.width * chance.uniform(0.2, 0.5), picture.height), fill=0)
    noise = np.random.default_rng(chance.getrandbits(32)).integers(0, 256, (picture.height, picture.width, 3))
    below = Image.composite(picture, Image.fromarray(noise.astype(np.uint8)), alpha)
    below.putalpha(alpha)
    return encoded(below)


def _rotated(picture: Image.Image, chance: random.Random) -> bytes:
    exif, stored = Image.Exif(), Image.Transpose
    turn, how = chance.choice([(3, stored.ROTATE_180), (6, stored.ROTATE_90), (8, stored.ROTATE_270)])
    exif[0x0112] = turn
    return encoded(picture.transpose(how), "JPEG", exif=exif.tobytes(), quality=95)


def _profiled(picture: Image.Image, chance: random.Random) -> bytes:
    from vton_hf.images.icc import DISPLAY_P3

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return encoded(picture, icc_profile=chance.choice([DISPLAY_P3, lab]))


def _bars(picture: Image.Image, chance: random.Random) -> Image.Image:
    share, colour = chance.uniform(0.08, 0.2), chance.choice(["black", "white", (90, 90, 90)])
    result = Image.new("RGB", picture.size, colour)
    if chance.random() < 0.5:
        bar = round(picture.height * share)
        result.paste(picture.resize((picture.width, picture.height - 2 * bar)), (0, bar))
    else:
        bar = round(picture.width * share)
        result.paste(picture.resize((picture.width - 2 * bar, picture.height)), (bar, 0))
    return result


def _odd(picture: Image.Image, chance: random.Random) -> Image.Image:
    wide, tall = picture.size
    return picture.resize(chance.choice([(wide // 4, tall // 4), (wide * 3, tall * 3), (wide * 2, tall // 2)]))


def _cast(picture: Image.Image, chance: random.Random) -> Image.Image:
    shift = np.array(chance.choice([(14, 0, -10), (-12, 4, 12), (0, 14, 0), (18, 18, 18), (-16, -16, -16)]))
    return Image.fromarray((np.asarray(picture).astype(np.int16) + shift).clip(0, 255).astype(np.uint8))


def _moved(pictures: Pictures, chance: random.Random) -> Pictures:
    target = pictures[TARGET]
    wide, tall = target.size
    if chance.random() < 0.5:
        across, down = (chance.choice([-1, 1]) * chance.uniform(0.03, 0.08) for _ in range(2))
        box = (1, 0, across * wide, 0, 1, down * tall)
    else:
        scale = chance.choice([chance.uniform(0.86, 0.94), chance.uniform(1.06, 1.14)])
        box = (scale, 0, wide * (1 - scale) / 2, 0, scale, tall * (1 - scale) / 2)
    ground = target.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return {
        TARGET: target.transform(target.size, Image.Transform.AFFINE, box, Image.Resampling.BICUBIC, fillcolor=ground)
    }


def _other_scene(pictures: Pictures, chance: random.Random) -> Pictures:
    return {TARGET: _another(pictures, chance)[TARGET]}


def _another(pictures: Pictures, chance: random.Random) -> Pictures:
    """Another triplet of the same photographs."""
    names = CHOSEN_ON if pictures.get("half", "") == "chosen" else REPORTED_ON
    return sound(chance.choice(names), f"another {chance.random()}", pictures[PERSON].size)


def _elsewhere(pictures: Pictures, chance: random.Random) -> Pictures:
    """The background becomes another one, or something appears in a corner."""
    target, (wide, tall) = pictures[TARGET].copy(), pictures[TARGET].size
    other = _another(pictures, chance)[PERSON]
    edge = (round(wide * chance.uniform(0.24, 0.32)), round(tall * chance.uniform(0.2, 0.3)))
    corner = chance.choice([(0, 0), (wide - edge[0], 0)])
    target.paste(ImageOps.invert(other).crop((*corner, corner[0] + edge[0], corner[1] + edge[1])), corner)
    return {TARGET: target}


def _swapped(pictures: Pictures, chance: random.Random) -> Pictures:
    one, other = chance.choice([(PERSON, GARMENT), (TARGET, GARMENT)])
    return {one: pictures[other], other: pictures[one]}


def _not_worn(pictures: Pictures, chance: random.Random) -> Pictures:
    """Another garment, of clearly another colour."""
    mine = _tint(pictures[GARMENT])
    for _ in range(50):
        garment = sound(chance.choice(REPORTED_ON), f"garment {chance.random()}", pictures[PERSON].size)[GARMENT]
        if np.abs(_tint(garment) - mine).max() > 70:
            break
    return {GARMENT: garment}


def _tint(garment: Image.Image) -> np.ndarray:
    pixels = np.asarray(garment).reshape(-1, 3).astype(float)
    return pixels[pixels.min(axis=1) < 225].mean(axis=0)


SPOILS: dict[str, Spoil] = {
    "truncated": _each(_truncated),
    "not-an-image": _each(_not_an_image),
    "wrong-extension": _each(lambda picture, _: encoded(picture, "JPEG", quality=95)),
    "trailing-data": _each(_trailing),
    "unusual-mode": _each(_unusual),
    "hidden-colour": _each(_hidden),
    "rotated": _each(_rotated),
    "colour-profile": _each(_profiled),
    "dark": _each(lambda picture, chance: ImageEnhance.Brightness(picture).enhance(chance.uniform(0.04, 0.1))),
    "light": _each(lambda picture, _: Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.86)),
    "blurred": _each(
        lambda picture, chance: picture.filter(ImageFilter.GaussianBlur(picture.width / chance.uniform(40, 90)))
    ),
    "flat": _each(
        lambda picture, chance: Image.new("RGB", picture.size, tuple(chance.randint(40, 215) for _ in range(3)))
    ),
    "grayscale": _each(lambda picture, _: picture.convert("L").convert("RGB"), PERSON, TARGET),
    "letterbox": _each(_bars, PERSON, TARGET),
    "odd-size": _each(_odd, GARMENT),
    "size-mismatch": lambda pictures, chance: {
        TARGET: pictures[TARGET].resize(
            (pictures[TARGET].width, round(pictures[TARGET].height * chance.uniform(0.75, 0.9)))
        )
    },
    "nothing-changed": lambda pictures, chance: {TARGET: generated(pictures[PERSON], chance)},
    "wrong-pair": _other_scene,
    "misregistered": _moved,
    "flipped": lambda pictures, _: {TARGET: ImageOps.mirror(pictures[TARGET])},
    "roles-swapped": _swapped,
    "garment-not-worn": _not_worn,
    "garment-is-target": lambda pictures, _: {GARMENT: through_jpeg(pictures[TARGET], 90)},
    "changed-elsewhere": _elsewhere,
    "colour-cast": lambda pictures, chance: {TARGET: _cast(pictures[TARGET], chance)},
}
"""One triplet spoiled, by the check that should find it."""


def spoiled(check: str, stem: str, half: tuple[str, ...], seed: str, size: tuple[int, int] = SIZE) -> Planted:
    """A triplet with one defect."""
    chance = random.Random(f"{check} {stem} {seed}")
    sources = [name for name in half if name != DRAWN]
    pictures = sound(chance.choice(sources), f"{check} {stem} {seed}", size)
    planted = as_files(stem, pictures)
    for role, new in SPOILS[check](pictures, chance).items():
        data = new if isinstance(new, bytes) else encoded(new)  # type: ignore[arg-type]
        planted = planted.with_files(**{role: (data, "png")})
    return planted


def sound_ones(count: int, half: tuple[str, ...], seed: str, size: tuple[int, int] = SIZE) -> Iterator[Planted]:
    """Triplets in which nothing is wrong."""
    for index in range(count):
        source = half[index % len(half)]
        yield as_files(f"{index:06d}", sound(source, f"{source} {index} {seed}", size))


def write(folder: Path, triplets: Iterator[Planted]) -> None:
    for triplet in triplets:
        for role, key in triplet.keys().items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(triplet.files[role][0])


if __name__ == "__main__":
    write(Path(sys.argv[1]), sound_ones(20, REPORTED_ON, "look"))
    write(
        Path(sys.argv[1]),
        (spoiled(check, f"{check}-{index}", REPORTED_ON, "look") for check in SPOILS for index in range(3)),
    )
