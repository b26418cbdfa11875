"""Checks of files: those that are of no use, and those that other programs would read another way."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.naming import ROLES
from vton_hf.report.validation.catalogue import CHECKS
from vton_hf.report.validation.findings import Findings
from vton_hf.report.validation.measures import flags

_EXTENSIONS: Final = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "WEBP": ("webp",)}
_USUAL: Final = ("RGB", "RGBA")


def check_files(findings: Findings) -> None:
    """Look at what files say of themselves."""
    for role in ROLES:
        _faults(findings, role)
        _extensions(findings, role)
        _modes(findings, role)
        _numbers(findings, role)
        _profiles(findings, role)


def _faults(findings: Findings, role: str) -> None:
    measures = findings.measures
    kinds, texts = measures.image_text(role, "fault"), measures.image_text(role, "message")
    for kind in ("truncated", "not-an-image", "unreadable"):
        rows = np.flatnonzero(flags(pc.equal(kinds, kind)))
        advice = CHECKS["truncated"].advice
        findings.add_errors(kind, rows, role, [f"{role}: {texts[int(row)]}. {advice}" for row in rows])


def _extensions(findings: Findings, role: str) -> None:
    measures = findings.measures
    kinds = measures.image_text(role, "format")
    names = pc.utf8_lower(measures.rows[role])
    for kind, endings in _EXTENSIONS.items():
        is_kind = flags(pc.equal(kinds, kind))
        fits = np.logical_or.reduce([flags(pc.ends_with(names, f".{ending}")) for ending in endings])
        rows = np.flatnonzero(is_kind & ~fits & measures.object_itself(role))
        findings.add("wrong-extension", rows, role, None, f"its name says another format, the file is a {kind}")


def _modes(findings: Findings, role: str) -> None:
    measures, itself = findings.measures, findings.measures.object_itself(role)
    modes, bits, frames = (
        measures.image_text(role, "mode"),
        measures.image(role, "bits"),
        measures.image(role, "frames"),
    )
    for mode in pc.unique(modes).to_pylist():
        is_mode = flags(pc.equal(modes, mode))
        deep = is_mode & itself & (bits != 8)  # noqa: PLR2004
        moving = is_mode & itself & ~deep & (frames > 1)
        rest = np.zeros_like(deep) if mode in _USUAL else is_mode & itself & ~deep & ~moving
        findings.add(
            "unusual-mode", np.flatnonzero(deep), role, bits[deep], lambda value: f"it has {value:g} bits a channel"
        )
        findings.add(
            "unusual-mode",
            np.flatnonzero(moving),
            role,
            frames[moving],
            lambda value: f"it is animated: {value:g} pictures",
        )
        findings.add("unusual-mode", np.flatnonzero(rest), role, None, f"its mode is {mode}")


def _numbers(findings: Findings, role: str) -> None:
    measures, itself = findings.measures, findings.measures.object_itself(role)
    trailing, hidden, turn = (measures.image(role, name) for name in ("trailing", "hidden", "orientation"))
    behind = itself & (trailing > findings.thresholds["trailing-data"])
    findings.add(
        "trailing-data",
        np.flatnonzero(behind),
        role,
        trailing[behind],
        lambda value: f"{value:,.0f} bytes follow the image",
    )
    shows = itself & (hidden > findings.thresholds["hidden-colour"])
    findings.add(
        "hidden-colour",
        np.flatnonzero(shows),
        role,
        hidden[shows],
        lambda value: f"{value:.1%} of its pixels are transparent and hide a picture",
    )
    turned = itself & (turn > 1)
    findings.add(
        "rotated", np.flatnonzero(turned), role, turn[turned], lambda value: f"its EXIF orientation is {value:g}"
    )


def _profiles(findings: Findings, role: str) -> None:
    measures = findings.measures
    names = measures.image_text(role, "profile")
    there = pc.is_valid(names).to_numpy(zero_copy_only=False) & measures.object_itself(role)
    rows = np.flatnonzero(there)
    texts = [f"its colour profile is {name}" for name in names.take(pa.array(rows)).to_pylist()]
    findings.add("colour-profile", rows, role, None, texts)
