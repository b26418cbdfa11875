"""From configs to a destination that people load from: find, build, plan, write, and only then let it be seen."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import datasets

from vton_hf.builder import VTON, features_of, take_over
from vton_hf.exports import card
from vton_hf.exports.describe import contact_sheet_name, describe, draw_contact_sheet, findings_of
from vton_hf.exports.destination import CARD, Changes, Destination
from vton_hf.exports.plan import SplitPlan, plan_export
from vton_hf.exports.result import ExportResult, SplitStats
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.split_manifest import SplitManifest, split_manifest
from vton_hf.exports.tables import export_tables
from vton_hf.exports.write import WriteReport, write_files


def run_export(
    spec: ExportSpec,
    builders: Sequence[VTON],
    destination: Destination,
    *,
    license: str | None,  # noqa: A002 - the card's own word
    dry_run: bool,
) -> ExportResult:
    """Bring configs to a destination.

    A file that is there under the same name is not written again. Nothing is seen before all has arrived.

    Args:
        spec: What leaves of them, and in which files.
        builders: The configs; they differ in their recipe alone, and share one listing.
        destination: Where to.
        license: For the card; None keeps what it says.
        dry_run: Only find out what would be done.

    Raises:
        VTONError: What a build, a store or the destination has to say.
    """
    spec = replace(spec, columns=spec.columns.of(_find_once(builders)))
    existing = destination.list_files()
    old = destination.read_card() if CARD in existing else None
    card.check(old, destination=destination.name)
    published = card.data_files(old, spec.configs, destination=destination.name)
    built = _build(builders, spec, dry_run=dry_run)
    tables = [table for builder in builders for table in export_tables(builder, spec, built=built)]
    plans = plan_export(spec, tables, existing, published)
    stats = tuple(map(SplitStats.of, plans))
    if dry_run:
        return ExportResult(destination.name, stats, None, estimated=not built)
    export = _Export(spec, builders, plans, existing)
    changes = export.changes(destination.name, license)
    destination.check_card(changes.card(old))
    report = write_files(spec, plans, destination, builders[0])
    known = set() if built else export.known(published, old or "")
    url = destination.commit(replace(changes, contents=export.contents(report, without=known)))
    return ExportResult(destination.name, stats, url, estimated=False)


@dataclass(frozen=True, eq=False)
class _Export:
    """What is to be seen of an export that is planned."""

    spec: ExportSpec
    builders: Sequence[VTON]
    plans: Sequence[SplitPlan]
    existing: Mapping[str, int]

    @property
    def by_config(self) -> dict[str, list[SplitPlan]]:
        return {name: list(group) for name, group in groupby(self.plans, key=lambda plan: plan.table.config)}

    @cached_property
    def findings(self) -> dict[str, str]:
        """What is wrong with the triplets of each config, as the card says it."""
        return {builder.config.name: findings_of(builder) for builder in self.builders}

    @cached_property
    def manifests(self) -> dict[str, SplitManifest]:
        """Of each config, which split every triplet is in; of none where there are no splits."""
        found = {builder.config.name: split_manifest(builder, self.spec.splits) for builder in self.builders}
        return {name: file for name, file in found.items() if file is not None}

    def changes(self, destination: str, license: str | None) -> Changes:  # noqa: A002
        sheets = {contact_sheet_name(plans[0]): plans[0].table for plans in self.by_config.values()}
        pictures = {name: draw_contact_sheet(rows) for name, rows in sheets.items() if name not in self.existing}
        manifests = {file.name: file.data for file in self.manifests.values()}
        return Changes(
            destination=destination,
            configs=frozenset(self.spec.configs),
            contents=self.contents(WriteReport()),
            license=license,
            pictures=pictures | {name: data for name, data in manifests.items() if name not in self.existing},
            wanted=frozenset([*(file.name for plan in self.plans for file in plan.files), *sheets, *manifests]),
        )

    def contents(self, report: WriteReport, *, without: Container[str] = ()) -> list[card.Contents]:
        """What the card is to say of each config, given what was written."""
        by_config, sizes = self.by_config, {**self.existing, **report.sizes}
        names = [(builder, builder.config.name) for builder in self.builders]
        return [
            describe(
                *(each, by_config[name], self.spec, report, sizes),
                findings=self.findings[name],
                splitting=self.manifests[name].text if name in self.manifests else "",
            )
            for each, name in names
            if name not in without
        ]

    def known(self, published: Container[str], text: str) -> set[str]:
        """Configs all of whose files are there, as this card describes them, with its contact sheet.

        Where rows are read from the bucket the card then stays: what took the place of broken triplets is not read now.
        """
        return {
            name
            for name, plans in self.by_config.items()
            if not any(plan.new_files for plan in plans)
            and all(plan.glob in published for plan in plans)
            and contact_sheet_name(plans[0]) in text
            and (name not in self.manifests or self.manifests[name].name in text)
        }


def _find_once(builders: Sequence[VTON]) -> datasets.Features:
    """List the bucket once, and find out before anything is made whether there is something to export.

    Returns:
        The columns of the rows of all configs.
    """
    for builder in builders:
        take_over(builder, builders[0])
        builder.context.parts.lengths(builder.triplets.manifest)
    drawn = {name for builder in builders for name in builder.context.drawn}
    return features_of(builders[0].triplets.manifest.of_pools(drawn), decode=True)


def _build(builders: Sequence[VTON], spec: ExportSpec, *, dry_run: bool) -> bool:
    """Build what is missing; say whether rows can be taken from what is built."""
    if not builders[0].config.embed_images:
        return False
    if dry_run and any(builder.missing_chunks() for builder in builders):
        return False
    for builder in builders:
        builder.download_and_prepare(num_proc=spec.num_proc)
    return True
