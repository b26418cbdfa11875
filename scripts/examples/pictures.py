"""How good predictions on held-out triplets are: as a number, and as a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image, ImageDraw, ImageFont

HEADERS: Final = ("person", "garment", "prediction", "target")
ROWS: Final = 8
DIFFERS: Final = 0.1  # of a range of 2
TILE: Final = 192  # least height in pixels
_BAND: Final = 24


def garment_error(test: Mapping[str, Any], predicted: torch.Tensor) -> str:
    """Compare predictions with copies of the person where the garment is: where the target differs from the person.

    Args:
        test: A batch of triplets, images float32 [N, 3, H, W] in [-1, 1].
        predicted: The same shape and range.
    """
    person, target = test["initial_image"], test["try_on_image"]
    garment = ((target - person).abs().mean(dim=1) > DIFFERS).float()

    def error(images: torch.Tensor) -> float:
        return float(((images - target).abs().mean(dim=1) * garment).sum() / garment.sum())

    copied, made = error(person), error(predicted)
    return f"held-out garments: L1 {made:.3f}, {made / copied - 1:+.0%} against copying the person ({copied:.3f})"


def save_picture(path: Path, test: Mapping[str, Any], predicted: torch.Tensor) -> None:
    """Draw person, garment, prediction and target of up to 16 triplets, evenly chosen, in two blocks of rows.

    Args:
        path: Where the PNG goes.
        test: A batch of triplets, images float32 [N, 3, H, W] in [-1, 1].
        predicted: The same shape and range.
    """
    count = len(predicted)
    chosen = [index * count // min(count, 2 * ROWS) for index in range(min(count, 2 * ROWS))]
    parts = (test["initial_image"], test["cloth_image"], predicted, test["try_on_image"])
    zoom = -(-TILE // predicted.shape[-2])
    height, width = (zoom * side for side in predicted.shape[-2:])
    blocks = -(-len(chosen) // ROWS)
    sheet = Image.new("RGB", (blocks * (4 * width + 16) - 16, _BAND + min(ROWS, len(chosen)) * height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, index in enumerate(chosen):
        left, top = place // ROWS * (4 * width + 16), _BAND + place % ROWS * height
        for column, (header, images) in enumerate(zip(HEADERS, parts, strict=True)):
            if top == _BAND:
                pen.text((left + column * width + 4, 3), header, "black", font)
            tile = _image(images[index]).resize((width, height), Image.Resampling.BICUBIC)
            sheet.paste(tile, (left + column * width, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    print(path)


def _image(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray(((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())
