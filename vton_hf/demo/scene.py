"""Backgrounds: a plain studio, a room, a busy street or shop, and the light table on which a garment lies."""

from functools import cache
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vton_hf.demo.canvas import SUPERSAMPLE, Colour, Sprite, darker

_WALLS: Final[tuple[Colour, ...]] = (
    (224, 226, 230), (228, 222, 214), (214, 224, 226), (222, 228, 216), (230, 218, 218), (220, 218, 230),
)  # fmt: skip


@cache
def studio(canvas: tuple[int, int], colour: Colour) -> Image.Image:
    """A wall, a little brighter around the middle."""
    x, y = np.linspace(-1, 1, 48)[None, :], np.linspace(-1, 1, 64)[:, None]
    light = 1.05 - 0.10 * (x**2 + (y + 0.2) ** 2)
    small = Image.fromarray((light[..., None] * np.array(colour)).clip(0, 255).astype(np.uint8))
    return small.resize(canvas, Image.Resampling.BILINEAR)


def background(rng: Random, difficulty: str, canvas: tuple[int, int]) -> Image.Image:
    """What stands behind the figure; `canvas` is width and height in pixels."""
    wall = rng.choice(_WALLS)
    if difficulty == "easy":
        return studio(canvas, wall).copy()
    # The background is out of focus, so it is drawn small and enlarged.
    width, height = (max(8, side // (2 * SUPERSAMPLE)) for side in canvas)
    image = studio((width, height), wall).copy()
    pen = ImageDraw.Draw(image)
    if difficulty == "medium":
        _room(rng, pen, (width, height), wall)
        blur = 0.007
    else:
        rng.choice((_street, _shop, _lights))(rng, pen, (width, height))
        blur = 0.012
    return image.filter(ImageFilter.GaussianBlur(blur * height)).resize(canvas, Image.Resampling.BICUBIC)


def table(canvas: tuple[int, int], garment: tuple[Sprite, ...]) -> Image.Image:
    """A light table, with the shadow of what will lie on it."""
    image = studio(canvas, (243, 242, 240)).copy()
    shadow = Image.new("L", canvas)
    offset = round(0.012 * canvas[1])
    for sprite in garment:
        shadow.paste(110, (sprite.corner[0] + offset, sprite.corner[1] + offset), sprite.mask)
    small = shadow.reduce(4).filter(ImageFilter.GaussianBlur(0.004 * canvas[1]))
    image.paste((70, 70, 84), (0, 0), small.resize(canvas, Image.Resampling.BILINEAR))
    return image


def _room(rng: Random, pen: ImageDraw.ImageDraw, size: tuple[int, int], wall: Colour) -> None:
    """A wall with a skirting board, a floor, and a picture or a window."""
    width, height = size
    floor = int(height * rng.uniform(0.80, 0.86))
    pen.rectangle((0, floor, width, height), fill=rng.choice([(182, 156, 128), (150, 140, 132), (198, 186, 170)]))
    pen.rectangle((0, floor - height * 0.03, width, floor), fill=darker(wall, 1.08))
    left = width * rng.choice((0.06, 0.70))
    frame = (left, height * 0.10, left + width * 0.24, height * 0.34)
    pen.rectangle(frame, fill=(250, 248, 244), outline=(120, 104, 90), width=max(1, width // 64))
    x0, y0, x1, y1 = frame
    hill = [
        (x0 + width * 0.03, y1 - height * 0.03),
        (x0 + width * 0.10, y0 + height * 0.09),
        (x1 - width * 0.03, y1 - height * 0.03),
    ]
    pen.polygon(hill, fill=rng.choice([(150, 176, 160), (170, 160, 190), (196, 168, 140)]))


def _street(rng: Random, pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Houses with windows under a pale sky, and a tree."""
    width, height = size
    pen.rectangle((0, 0, width, height), fill=(206, 220, 232))
    x = -width * 0.05
    while x < width:
        wide, top = width * rng.uniform(0.20, 0.34), height * rng.uniform(0.08, 0.30)
        front = rng.choice([(188, 160, 142), (170, 168, 172), (202, 188, 164), (160, 140, 132), (184, 176, 190)])
        pen.rectangle((x, top, x + wide, height), fill=front)
        for row in range(6):
            for column in range(3):
                left, up = x + wide * (0.14 + 0.28 * column), top + height * (0.04 + 0.11 * row)
                pane = rng.choice([(110, 124, 142), (222, 210, 176), (134, 148, 164)])
                pen.rectangle((left, up, left + wide * 0.16, up + height * 0.06), fill=pane)
        x += wide
    pen.rectangle((0, height * 0.86, width, height), fill=(148, 146, 148))
    trunk = width * rng.choice((0.10, 0.90))
    pen.rectangle((trunk - width * 0.015, height * 0.4, trunk + width * 0.015, height * 0.9), fill=(104, 84, 70))
    for _ in range(9):
        _blob(rng, pen, (trunk, height * 0.36), width * 0.10, rng.choice([(112, 146, 98), (132, 164, 108)]))


def _shop(rng: Random, pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Shelves with folded clothes and boxes."""
    width, height = size
    pen.rectangle((0, 0, width, height), fill=(212, 200, 186))
    for row in range(6):
        y = height * (0.13 + 0.17 * row)
        x = width * rng.uniform(0, 0.04)
        while x < width:
            wide, tall = width * rng.uniform(0.07, 0.15), height * rng.uniform(0.05, 0.11)
            tone = rng.choice([(184, 150, 140), (148, 164, 174), (206, 190, 150), (164, 172, 146), (176, 158, 178)])
            pen.rectangle((x, y - tall, x + wide, y), fill=tone)
            for stripe in range(1, 3):
                level = y - tall * stripe / 3
                pen.line((x, level, x + wide, level), fill=darker(tone, 0.85), width=1)
            x += wide + width * rng.uniform(0.01, 0.06)
        pen.rectangle((0, y, width, y + height * 0.016), fill=(146, 118, 96))


def _lights(rng: Random, pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """An evening out of focus: discs of light on dusk."""
    width, height = size
    pen.rectangle((0, 0, width, height), fill=(120, 124, 150))
    pen.rectangle((0, height * 0.7, width, height), fill=(104, 102, 122))
    tones = [(232, 190, 130), (214, 150, 140), (170, 190, 214), (240, 220, 180), (170, 150, 196)]
    for _ in range(34):
        _blob(
            rng,
            pen,
            (width * rng.random(), height * rng.uniform(0, 0.75)),
            0.0,
            darker(rng.choice(tones), rng.uniform(0.75, 1)),
        )


def _blob(rng: Random, pen: ImageDraw.ImageDraw, centre: tuple[float, float], spread: float, colour: Colour) -> None:
    radius = max(2.0, pen.im.size[0] * rng.uniform(0.025, 0.075)) if spread == 0 else spread * rng.uniform(0.5, 0.8)
    x, y = centre[0] + rng.uniform(-spread, spread), centre[1] + rng.uniform(-spread, spread)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
