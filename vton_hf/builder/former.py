"""Names of version 0.1 that go on working."""

from typing import TYPE_CHECKING

from vton_hf.cache import SkippedTriplet
from vton_hf.mixing import Plan
from vton_hf.triplets import Audit, Manifest

if TYPE_CHECKING:
    from vton_hf.builder.builder import VTON


class FormerSource:
    """`builder.source` of version 0.1."""

    def __init__(self, builder: "VTON") -> None:
        self._builder = builder

    @property
    def manifest(self) -> Manifest:
        """The triplets that may be drawn."""
        return self._builder.triplets.manifest

    @property
    def audit(self) -> Audit:
        """Every listed key that is not part of a triplet."""
        return self._builder.triplets.audit

    def plan(self) -> Plan:
        """The mix."""
        return self._builder.plan()

    def left_out(self) -> list[SkippedTriplet]:
        """The triplets that a build could not use."""
        return self._builder.prepared.skipped
