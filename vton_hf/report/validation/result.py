"""What a validation found."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core import html
from vton_hf._core.checks import check_choice
from vton_hf._core.files import atomic_write
from vton_hf.cache import StoredImages
from vton_hf.report.validation.catalogue import ERROR, SEVERITIES, WARNING
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.run import Scope
from vton_hf.report.validation.sliders import Slider, sliders
from vton_hf.triplets import Audit, Manifest

_SHOWN: Final = 6
"""Triplets in a notebook."""


@dataclass(frozen=True)
class Evidence:
    """What a validation was made of.

    Attributes:
        manifest: All triplets that there are.
        measures: Those that were looked at, and what was measured of them.
        scope: What was looked for.
        images: Their images, by the number of a row of `measures`.
        audit: Keys that belong to no triplet.
    """

    manifest: Manifest
    measures: Measures
    scope: Scope
    images: StoredImages
    audit: Audit

    @cached_property
    def sliders(self) -> dict[str, Slider]:
        """What each check would find at other thresholds."""
        return sliders(self.measures, self.scope)


@dataclass(frozen=True, repr=False)
class Validation:
    """Findings about triplets.

    Attributes:
        triplets: Triplets that were looked at.
        images: Images of theirs that were opened.
        sampled: Whether they are a sample of those that there are.
        findings: One row a finding: `check`, `severity` (`"error"`, `"warning"` or `"note"`), `key` of the triplet,
            `uri` of the object, `value` that was measured, `threshold` from where on it is found, `message`.
        not_checked: Checks that did not run, and why.
        total: Triplets that there are.
        evidence: What it was made of.
    """

    triplets: int
    images: int
    sampled: bool
    findings: pa.Table = field(repr=False)
    evidence: Evidence = field(repr=False, compare=False)
    not_checked: Mapping[str, str] = field(default_factory=dict)
    total: int = 0

    def counts(self) -> dict[str, int]:
        """Findings by check; checks that found nothing are absent."""
        return dict(Counter(self.findings["check"].to_pylist()))

    def by_severity(self) -> dict[str, int]:
        """Findings by severity; all three are named."""
        counts = Counter(self.findings["severity"].to_pylist())
        return {severity: counts[severity] for severity in SEVERITIES}

    def of(self, check: str) -> pa.Table:
        """The findings of one check."""
        return self.findings.filter(pc.equal(self.findings["check"], check))

    def exclude_list(self, severity: str = WARNING) -> list[str]:
        """Keys of the triplets that have an error, or a warning or worse: what `exclude=` takes.

        Args:
            severity: `"error"` or `"warning"`. Of duplicates one is a note, and stays.

        Raises:
            ConfigError: If it is neither.
        """
        check_choice("severity", severity, (ERROR, WARNING))
        bad = (ERROR,) if severity == ERROR else (ERROR, WARNING)
        rows = self.findings.filter(pc.is_in(self.findings["severity"], pa.array(bad)))
        return sorted(set(rows["key"].to_pylist()) - {""})

    def write_exclude(self, path: Path, severity: str = WARNING) -> int:
        """Write that list with the reasons as comments; gives how many keys it holds.

        Raises:
            OSError: If the file cannot be written.
        """
        keys = self.exclude_list(severity)
        reasons: dict[str, list[str]] = {key: [] for key in keys}
        for row in self.findings.select(["check", "severity", "key", "message"]).to_pylist():
            if row["key"] in reasons and row["severity"] in (ERROR, severity):
                reasons[row["key"]].append(f"# {row['check']}: {' '.join(row['message'].split())}")
        lines = [f"# {len(keys):,} triplets to leave out: exclude={path.name!r}. Delete a key to keep its triplet."]
        for key in keys:
            lines += [*dict.fromkeys(reasons[key]), key]
        with atomic_write(path) as scratch:
            scratch.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return len(keys)

    def to_html(self, path: str | PurePath) -> Path:
        """Write the page of it: one HTML file with all that was found, the worst cases, and what to leave out.

        Args:
            path: The file; its folders are made.

        Returns:
            Where it lies.

        Raises:
            OSError: If the file cannot be written.
            StorageError: If the store does not answer.
        """
        from vton_hf.report.page import write_page  # noqa: PLC0415 - which shows what this module defines

        file = Path(path)
        write_page(file, self)
        return file

    def _repr_html_(self) -> str:
        """Counts by check, and the worst cases with their images; images that are gone are left out."""
        pairs = set(zip(*(self.findings[name].to_pylist() for name in ("check", "key", "severity")), strict=True))
        lines = []
        for check in self.counts():
            of_check = {(key, severity) for name, key, severity in pairs if name == check}
            worst = next(each for each in SEVERITIES if any(severity == each for _, severity in of_check))
            lines.append((f"{check} ({worst})", len({key for key, _ in of_check}), f"{len(of_check):,}"))
        bad = f"{len(self.exclude_list()):,} triplets with errors or warnings; to_html('page.html') shows them"
        title = f"{self.triplets:,} triplets, {self.images:,} images looked at"
        return html.box(title, html.text(bad), html.bars(lines), html.pictures(self._worst()))

    def __repr__(self) -> str:
        found = ", ".join(f"{count:,} {severity}s" for severity, count in self.by_severity().items())
        return f"Validation({self.triplets:,} triplets, {self.images:,} images looked at: {found})"

    def _worst(self) -> Iterator[tuple[bytes, str]]:
        from vton_hf.report.page import SMALL, strip  # noqa: PLC0415 - which shows what this module defines

        errors = self.findings.filter(pc.equal(self.findings["severity"], ERROR))
        places = pc.index_in(errors["key"], self.evidence.measures.rows["key"].combine_chunks())
        first: dict[int, str] = {}
        for place, row in zip(places.to_pylist(), errors.select(["check", "key"]).to_pylist(), strict=True):
            if len(first) < _SHOWN and place is not None:
                first.setdefault(place, f"{row['check']}: {row['key']}")
        for place, images in self.evidence.images.thumbnails(sorted(first)):
            yield strip(images, SMALL).data, first[place]

    def fails(self, severity: str) -> bool:
        """Whether anything as bad as that was found: `"error"`, `"warning"` or `"note"`."""
        counts = self.by_severity()
        return any(counts[each] for each in SEVERITIES[: SEVERITIES.index(severity) + 1])

    def facts(self) -> dict[str, Any]:
        """What `vton-hf validate --json` prints."""
        return {
            "triplets": self.triplets,
            "images": self.images,
            "sampled": self.sampled,
            "findings": self.findings.to_pylist(),
            "counts": self.counts(),
            "not_checked": dict(self.not_checked),
        }
