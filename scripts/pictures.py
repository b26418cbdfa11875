"""Pictures of `vton-hf preview` for the documentation: the demo bucket, some of it spoiled, in a real browser."""

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import vton_hf
from tests.browser import open_browser
from tests.planting import SPOILS, as_files, encoded, write
from vton_hf.demo import write_demo_folder
from vton_hf.demo.server import BUCKET, demo_server
from vton_hf.demo.triplet import draw_triplet
from vton_hf.naming import ROLES

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
SIZE = (512, 384)
SPOILED = (
    *("nothing-changed", "wrong-pair", "dark", "blurred", "letterbox", "flipped", "colour-cast", "misregistered"),
    *("truncated", "grayscale", "garment-is-target", "roles-swapped", "rotated", "wrong-extension"),
)
SHOTS: dict[str, tuple[str, dict[str, int], str]] = {
    "page-overview": ("overview", DESK, "light"),
    "page-findings": ("findings=blurred", DESK, "light"),
    "page-lens": ("triplets", DESK, "dark"),
    "page-phone": ("triplets", PHONE, "dark"),
}
"""By name: the view, the screen, light or dark."""


def main(folder: Path) -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        page = _page(Path(scratch))
        for browser in open_browser():
            for name, (view, screen, scheme) in SHOTS.items():
                _shot(browser, f"{page.as_uri()}#{view}", screen, scheme, folder / f"{name}.jpg")


def _page(scratch: Path) -> Path:
    bucket = scratch / "bucket"
    write_demo_folder(bucket, count=8, size=SIZE)
    for number, check in enumerate(SPOILED * 2):
        place, gender = (("easy", "medium", "hard")[number % 3], ("female", "male")[number % 2])
        drawn = draw_triplet(place, gender, 500 + number, size=SIZE, seed=0)
        pictures = {role: getattr(drawn, role) for role in ROLES}
        planted = as_files(f"{number + 500}", pictures, folder=f"{place}/{gender}")
        for role, new in SPOILS[check](pictures, random.Random(number)).items():
            planted = planted.with_files(**{role: _file(new)})
        write(bucket, iter([planted]))
    with demo_server() as server:
        server.upload(bucket)
        return vton_hf.preview(
            f"s3://{BUCKET}/dataset_ultimate/",
            "hard",
            html=scratch / "page.html",
            cache_dir=scratch / "cache",
            storage_options=server.storage_options,
        )


def _file(new: Any) -> tuple[bytes, str]:
    return (new if isinstance(new, bytes) else encoded(new)), "png"


def _shot(browser: Any, address: str, screen: dict[str, int], scheme: str, file: Path) -> None:
    page = browser.new_context(viewport=screen, color_scheme=scheme).new_page()
    page.goto(address)
    if "lens" in file.name:
        page.keyboard.press("Enter")
    page.locator("img[src]").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function("[...document.images].every(image => !image.src || image.complete)")
    page.screenshot(path=file, type="jpeg", quality=88)
    page.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
