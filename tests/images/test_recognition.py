"""What lies under a name that ends in `.png` and is none is named."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, features

from tests.bucket import encoded, png
from vton_hf.errors import ImageError
from vton_hf.images import decode, verify

PICTURE = Image.open(BytesIO(png("picture", (24, 32))))
S3_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
PAGE = "<html><head><title>Anmeldung für {}</title></head></html>"


def media(*brands: bytes) -> bytes:
    return (
        (16 + 4 * len(brands[1:])).to_bytes(4, "big")
        + b"ftyp"
        + brands[0]
        + bytes(4)
        + b"".join(brands[1:])
        + bytes(99)
    )


FOREIGN = {
    "HEIC": (media(b"heic", b"mif1", b"heic"), "HEIC; convert it to PNG, JPEG or WebP"),
    "HEIC by its second brand": (media(b"mif1", b"mif1", b"heix"), "HEIC; convert"),
    "HEIF": (media(b"mif1", b"mif1"), "HEIF; convert"),
    "AVIF": (media(b"avif", b"mif1", b"miaf"), "AVIF; convert"),
    "AVIF by its second brand": (media(b"mif1", b"miaf", b"avif"), "AVIF; convert"),
    "film": (media(b"isom", b"mp42"), "an MP4 or QuickTime film"),
    "JPEG XL": (b"\xff\x0a\xfa\x1f\x41", "JPEG XL; convert"),
    "JPEG XL in a box": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL; convert"),
    "JPEG 2000": (encoded(PICTURE, "JPEG2000"), "JPEG 2000; convert"),
    "GIF": (encoded(PICTURE, "GIF"), "GIF; convert"),
    "BMP": (encoded(PICTURE, "BMP"), "BMP; convert"),
    "TIFF": (encoded(PICTURE, "TIFF"), "TIFF"),
    "ICO": (encoded(PICTURE, "ICO"), r"an icon \(ICO\)"),
    "PSD": (b"8BPS\0\1" + bytes(20), "a Photoshop document"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "SVG": (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"><title>t</title>', "SVG"),
    "bare SVG": (b"\xef\xbb\xbf <svg viewBox='0 0 1 1'/>", "SVG"),
    "HTML": (PAGE.format("S3").encode(), "an HTML page, not an image"),
    "HTML 5": (b"\n\n  <!DOCTYPE html>\n<html lang=en>", "an HTML page"),
    "XHTML": (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html>', "an HTML page"),
    "HTML in capitals": (b"<HTML><BODY>503</BODY></HTML>", "an HTML page"),
    "nginx": (b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n", "an HTML page"),
    "UTF-16": (PAGE.format("S3").encode("utf-16"), "an HTML page"),
    "long HTML": (("<!doctype html><p>" + "ä" * 5_000).encode(), "an HTML page"),
    "S3 error": (S3_ERROR, "an XML document, not an image: the store's error AccessDenied"),
    "XML": (b'<?xml version="1.0"?><a/>', "an XML document, not an image"),
    "JSON": (json.dumps({"message": "not found"}).encode(), "JSON, not an image"),
    "JSON list": (b' [\n {"a": 1}]', "JSON, not an image"),
    "text": (b"kein Bild, nur Text\n", "text, not an image"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "a pointer of Git LFS"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "packed with gzip"),
    "zip": (b"PK\3\4" + bytes(20), "a zip archive"),
    "a copy as text": (encoded(PICTURE).replace(b"\r\n", b"\n"), "a PNG whose line endings were changed"),
    "a copy as UTF-8": (encoded(PICTURE).decode("utf-8", "replace").encode(), "a PNG that was written as text"),
    "zeros": (bytes(5_000), "nothing but zeros"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_it_is_named(name: str) -> None:
    data, found = FOREIGN[name]
    for read in (verify, decode):
        with pytest.raises(ImageError, match=rf"^not a PNG, JPEG or WebP image: begins with b.*, which is {found}"):
            read(data)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow writes no AVIF")
def test_what_pillow_writes_as_avif_is_avif() -> None:
    with pytest.raises(ImageError, match="which is AVIF; convert it"):
        verify(encoded(PICTURE, "AVIF"))


def test_what_nobody_knows_is_shown() -> None:
    for seed in range(200):
        data = b"\1" + np.random.default_rng(seed).bytes(60)
        with pytest.raises(ImageError, match=r"^not a PNG, JPEG or WebP image: begins with b['\"]"):
            verify(data)
