"""What lies below a prefix: keys that fit the layout, and one image of each role that is really read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vton_hf._core.checks import did_you_mean
from vton_hf._core.units import amount, number
from vton_hf.cli.doctor.check import Check, Mark
from vton_hf.errors import ImageError, LayoutError
from vton_hf.images import format_of, verify
from vton_hf.naming import DIFFICULTIES, ROLES, parse_key
from vton_hf.storage import Look, Probe, Trouble
from vton_hf.triplets import (
    FOLDER_MARKER,
    HIDDEN,
    INCOMPLETE,
    MISSING_FILE,
    NO_DIFFICULTY,
    REASONS,
    UNKNOWN_NAME,
    VTON,
    Audit,
    Manifest,
    Naming,
    discover,
    mending,
)

_LAYOUT: Final = (
    ".../easy|medium|hard/female|male/ with initial_image/STEM_person.png, cloth_image/STEM_cloth_GARMENT.png and "
    "try_on_image/STEM_vton.png"
)
_VALIDATE: Final = "`vton-hf validate PREFIX` opens all images, and says what is wrong with them."
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp")
_MISFITS: Final = (NO_DIFFICULTY, UNKNOWN_NAME, HIDDEN)
_HARMLESS: Final = frozenset({HIDDEN, FOLDER_MARKER, "ambiguous cloth", "duplicate"})


@dataclass(frozen=True, slots=True)
class Found:
    """The triplets among the keys that were looked at.

    Attributes:
        look: At the prefix.
        manifest: Complete ones.
        audit: All other keys.
    """

    look: Look
    manifest: Manifest
    audit: Audit

    @classmethod
    def of(cls, look: Look, probe: Probe) -> "Found":
        """Put the keys of a look together, by whatever layout they have."""

        def read(uris: Sequence[str]) -> list[bytes]:
            bodies = probe.read(list(uris))
            return [body if isinstance(body := bodies[uri], bytes) else b"" for uri in uris]

        how: dict[str, Any] = {"below": [look.uri], "naming": Naming(prefixes=(look.uri,), read=read)}
        try:
            manifest, audit = discover(look.keys, **how)
            if not len(manifest) and any(seen.layout != VTON for seen in audit.seen):
                manifest, audit = discover(look.keys, **how, needs_difficulty=False)
        except LayoutError:  # two layouts, or a table that is of no use: a scan says which
            manifest, audit = discover(look.keys, below=[look.uri])
        return cls(look, manifest, audit)

    def sizes(self) -> dict[str, int]:
        """Bytes of the images of all triplets, by URI."""
        table = self.manifest.table
        columns = [(table[role].to_pylist(), table[f"{role}_size"].to_pylist()) for role in ROLES]
        listed = [pair for uris, sizes in columns for pair in zip(uris, sizes, strict=True)]
        return {uri: size for uri, size in listed if uri is not None}

    def checks(self, probe: Probe) -> Iterator[Check]:
        """Whether images can be read, and how keys are named."""
        yield from self._reading(probe)
        yield self._naming()

    def _reading(self, probe: Probe) -> Iterator[Check]:
        examples = self._examples()
        bodies = probe.read(list(examples.values()))
        read: dict[str, str] = {}
        refused: dict[tuple[str, str], list[str]] = {}
        for role, uri in examples.items():
            body = bodies[uri]
            if isinstance(body, Trouble):
                refused.setdefault((body.cause, body.advice), []).append(role)
                continue
            try:
                verify(body)
                read[role] = f"{format_of(body)} of {amount(len(body))}"
            except ImageError as error:
                yield Check(Mark.FAIL, "reading", f"{uri}: {error}", _VALIDATE)
        for (cause, advice), roles in refused.items():
            yield Check(Mark.FAIL, "reading", f"{examples[roles[0]]} ({', '.join(roles)}): {cause}", advice)
        if read:
            yield Check(Mark.OK, "reading", ", ".join(f"{role} {what}" for role, what in read.items()))
        if not examples:
            yield Check(Mark.SKIP, "reading", "not looked at, because no key names an image of a triplet")

    def _examples(self) -> Mapping[str, str]:
        """An image of each role: those of a triplet, else the first that there are."""
        if len(self.manifest):
            first = {role: self.manifest.table[role][0].as_py() for role in ROLES}
            return {role: uri for role, uri in first.items() if uri is not None}
        examples: dict[str, str] = {}
        for row in self.look.keys.to_pylist():
            try:
                role = parse_key(row["uri"]).role
            except LayoutError:
                continue
            if row["size"] > 0:
                examples.setdefault(role, row["uri"])
        return examples

    def _naming(self) -> Check:
        counts = self.audit.counts()
        other = next((seen for seen in self.audit.seen if seen.layout != VTON), None)
        if other is not None and len(self.manifest) and not any(self.manifest.sizes().values()):
            step = "Nothing says how difficult they are: --default-difficulty easy does (default_difficulty=)."
            found = (
                f"{number(len(self.manifest), 'triplet')} of no difficulty, in layout {other.layout!r} ({other.why})"
            )
            return Check(Mark.WARN, "naming", found, step)
        keys = self.look.keys.num_rows - counts.get(FOLDER_MARKER, 0)
        fit = keys - sum(counts.get(reason, 0) for reason in _MISFITS)
        if not fit:
            step = f"Give another PREFIX, or rename: {_LAYOUT}."
            some = "the first " if self.look.cut else ""
            found = f"none of {some}{number(keys, 'key')} fits the layout; the nearest: {nearest(self.audit)}"
            return Check(Mark.FAIL, "naming", found, step)
        found = f"{fit:,} of {number(keys, 'key')} fit the layout{f' {other.layout!r}' if other else ''}"
        if not len(self.manifest):
            step = f"Give the folder above those of the three roles as PREFIX, or add what is missing. {self._scan}"
            found += f", but no triplet is complete{self._what_lacks()}"
            return Check(Mark.WARN if self.look.cut else Mark.FAIL, "naming", found, step)
        found += f", {number(len(self.manifest), 'complete triplet')}"
        each = ((name, len(self.manifest.of_pools([name]))) for name in DIFFICULTIES)
        found += f" ({', '.join(f'{name} {count:,}' for name, count in each)})"
        # Of a folder that was cut the last stems are incomplete for that alone.
        bad = {reason: count for reason, count in counts.items() if reason not in _HARMLESS and reason != UNKNOWN_NAME}
        if pictures := sum(row["uri"].lower().endswith(_PICTURES) for row in self.audit.of(UNKNOWN_NAME)):
            bad[UNKNOWN_NAME] = pictures
        if self.look.cut:
            for reason in (INCOMPLETE, MISSING_FILE):
                bad.pop(reason, None)
        if bad:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in bad.items())
            ways = [] if self.look.cut else mending(self.audit)
            return Check(Mark.WARN, "naming", f"{found}; left out: {reasons}", " ".join([*ways, self._scan]))
        if 2 * fit < keys:
            return Check(Mark.WARN, "naming", f"{found}; the nearest that does not: {nearest(self.audit)}", self._scan)
        return Check(Mark.OK, "naming", found)

    @property
    def _scan(self) -> str:
        return f"`vton-hf scan {self.look.uri} --list` names each key that is left out, and why."

    def _what_lacks(self) -> str:
        """Of the first stem that is not complete."""
        rows = [row for row in self.audit.table.to_pylist() if row["stem"] and row["detail"]]
        return f"; of stem {rows[0]['stem']!r}: {rows[0]['detail']}" if rows else ""


def nearest(audit: Audit) -> str:
    """Of the keys that do not fit the layout the one that comes nearest to it, and what of it does not fit."""
    if rows := audit.of(NO_DIFFICULTY):
        return f"{rows[0]['uri']}: {REASONS[NO_DIFFICULTY]}"
    rows = audit.of(UNKNOWN_NAME)
    for row in rows:
        if row["detail"]:
            return f"{row['uri']}: {row['detail']}"
    rows = [row for row in rows if row["uri"].lower().endswith(_PICTURES)] or rows
    for row in rows:
        folder = row["uri"].split("/")[-2]
        if hint := did_you_mean(folder, ROLES):
            return f"{row['uri']}: its folder is called {folder!r}.{hint}"
    if rows:
        return f"{rows[0]['uri']}: it lies in no folder called {', '.join(ROLES)}"
    (row, *_) = audit.table.slice(0, 1).to_pylist() or [{"uri": "nothing", "reason": UNKNOWN_NAME}]
    return f"{row['uri']}: {REASONS[row['reason']]}"
