"""What is compared with what."""

from typing import Any

from runner import Candidate, Row

OURS = "loaders.ours"
LISTING = "loaders.listing"
BUILDING = "loaders.building"
STARTING = "loaders.starting"
VALIDATING = "loaders.validating"
COMMANDS = "loaders.commands"
OWN = {"transform": "own"}
SEED = Candidate(name="train.common.dataset", call="loaders.boto3_loop:lazy", source="s3")
NOW, LATE = "20 ms", "100 ms"


def ours(name: str, call: str, *, job: dict[str, Any] | None = None, **options: Any) -> Candidate:
    """One of ours, from S3 unless told otherwise."""
    return Candidate(name=f"vton-hf{name}", call=call, ours=True, job=job or {}, **({"source": "s3"} | options))


def peer(name: str, module: str, job: dict[str, Any], *, mds: bool = False, **extra: Any) -> Candidate:
    """One that reads what it made of the images before."""
    module = f"loaders.{module}"
    job = {**job, "extra": extra}
    return Candidate(name=name, call=f"{module}:cached", convert=f"{module}:convert", job=job, mds=mds)


def from_disk(form: str, epochs: int) -> tuple[Candidate, ...]:
    """Everybody, on images that are stored in one form."""
    job = {"form": form, "epochs": epochs}
    made = {"call": f"{OURS}:cached", "convert": f"{OURS}:convert", "source": "disk"}
    return (
        peer("datasets", "stock", job),
        peer("WebDataset", "tars", job),
        peer("litData, optimised", "litdata_packed", job),
        *(() if form == "jpeg" else (peer("litData, optimised, raw pixels", "litdata_packed", job, pixels=True),)),
        peer("MosaicML Streaming", "mosaic", job, mds=True),
        ours("", **made, job=job),
        ours(", own transform", **made, job=job | OWN),
    )


def measured_already(call: str, *counts: int) -> tuple[Candidate, ...]:
    """Ours, of so many imagined triplets whose images were measured; the last takes long."""
    made = {"source": "disk", "convert": f"{VALIDATING}:write"}
    return tuple(
        ours(
            f", {count:,} triplets",
            f"{VALIDATING}:{call}",
            **made,
            slow=count == counts[-1],
            job={"extra": {"imagined": count}},
        )
        for count in counts
    )


LIST = Row(
    name="listing",
    title="Discovery of 1.8 million keys",
    unit="keys/s",
    reference="train.common.dataset",
    candidates=(
        Candidate(
            name="train.common.dataset", call="loaders.boto3_loop:listing", source="tenth", note="of 180,000 keys"
        ),
        Candidate(name="s3fs, find", call=f"{LISTING}:with_s3fs", source="tenth", note="a mere list, of 180,000 keys"),
        Candidate(
            name="obstore, 18 folders at once", call=f"{LISTING}:with_obstore", source="imagined", note="a mere list"
        ),
        ours(", 18 folders", f"{LISTING}:leaves", source="imagined", note="a manifest, checked"),
        ours(", their root", f"{LISTING}:root", source="imagined", note="a manifest, checked"),
    ),
)
LAYOUTS = Row(
    name="layouts",
    title="600,000 rows found in a listing of 1.8 million keys that is there, by layout",
    unit="s",
    reference="vton-hf, vton",
    candidates=tuple(
        ours(f", {name}", "loaders.layouts:found", source="disk", job={"extra": {"layout": name}})
        for name in ("vton", "viton-hd", "dresscode", "catvton", "table")
    ),
)
SPLITS = Row(
    name="splits",
    title="600,000 triplets put into three splits",
    unit="s",
    reference="datasets, train_test_split twice",
    candidates=(
        Candidate(
            name="datasets, train_test_split twice",
            call="loaders.splitting:rows",
            source="disk",
            note="by rows: persons, garments and repeats leak",
        ),
        *(
            ours(f", {by}", "loaders.splitting:ours", source="disk", job={"extra": {"by": by}})
            for by in ("both", "garment", "triplet")
        ),
    ),
)
KEEP = Row(
    name="build-original",
    title="Building the cache from S3, images kept as they are",
    unit="images/s",
    reference="datasets, builder over s3fs",
    candidates=(
        Candidate(name="datasets, builder over s3fs", call="loaders.stock:build", source="s3"),
        Candidate(name="fetch only, as vton-hf fetches", call=f"{BUILDING}:read", source="s3", note="a limit"),
        Candidate(name="fetch only, obstore", call=f"{BUILDING}:get", source="s3", note="a limit"),
        ours("", f"{BUILDING}:ours"),
    ),
)
SHRINK = Row(
    name="build-512",
    title="Building the cache from S3, images stored at 512x512 PNG",
    unit="images/s",
    reference="decode, resize, encode only, all cores",
    candidates=(
        Candidate(
            name="decode, resize, encode only, all cores",
            call=f"{BUILDING}:prepare",
            source="s3",
            job={"extra": {"form": "png"}},
            note="a limit",
        ),
        ours("", f"{BUILDING}:ours", job={"form": "png"}),
        ours(", statistics=False", f"{BUILDING}:ours", job={"form": "png", "extra": {"statistics": False}}),
        ours(", num_proc=2", f"{BUILDING}:ours", job={"form": "png", "extra": {"num_proc": 2}}, slow=True),
    ),
)


def integrity(name: str, title: str, source: str, **job: Any) -> Row:
    """A build with all checks of what came, and with that of the size alone."""
    call, extra = "loaders.integrity:build", {"statistics": "form" in job}
    return Row(
        name=f"integrity-{name}",
        title=f"Cost of integrity, a build of {title}",
        unit="images/CPU s",
        reference="vton-hf, sizes compared alone",
        candidates=(
            ours(", sizes compared alone", call, source=source, job=job | {"extra": extra | {"sizes": True}}),
            ours("", call, source=source, job=job | {"extra": extra}),
        ),
    )


INTEGRITY = (
    integrity("jpeg", "JPEG, kept as they are", "s3-jpeg"),
    integrity("jpeg-512", "JPEG, stored at 512x512", "s3-jpeg", form="jpeg"),
    integrity("png", "PNG, kept as they are", "s3"),
    integrity("png-512", "PNG, stored at 512x512", "s3", form="png"),
)
VALIDATE = Row(
    name="validate",
    title="Looking for what is wrong with images on disk, 768x1024 PNG",
    unit="images/s",
    reference="cleanvision",
    candidates=(
        Candidate(name="cleanvision", call=f"{VALIDATING}:cleanvision", note="single images and duplicates"),
        ours(", validate", f"{VALIDATING}:ours", source="disk", note="and what they say of each other"),
    ),
)
REPORT = Row(
    name="validate-report",
    title="A full report of images that were measured, near duplicates included",
    unit="s",
    reference="",
    rounds=1,
    candidates=measured_already("report", 6_000, 60_000, 600_000),
)
PAGE = Row(
    name="validate-page",
    title="The page of such a report, which shows 20,000 triplets at most",
    unit="s",
    reference="",
    rounds=1,
    candidates=measured_already("page", 6_000, 20_000, 600_000),
)
SCALE = Row(
    name="scale",
    title="The same build by worker processes and by tasks of Ray, two at a time, images stored at 512x512 PNG",
    unit="images/s",
    reference="vton-hf, num_proc=2",
    candidates=(
        ours(", num_proc=2", f"{BUILDING}:ours", job={"form": "png", "extra": {"num_proc": 2}}),
        ours(", engine='ray'", "loaders.scale:build", job={"form": "png", "extra": {"tasks": 2}}),
    ),
)
UNITS = Row(
    name="scale-units",
    title="20,000 units of 30 KB that do nothing, through Ray",
    unit="units/s",
    reference="vton-hf, engine='ray'",
    candidates=(ours(", engine='ray'", "loaders.scale:units", source="disk"),),
)
LAZY = Row(
    name="lazy",
    title="An epoch from S3",
    unit="triplets/s",
    reference="train.common.dataset",
    candidates=(
        SEED,
        Candidate(name="s3torchconnector", call="loaders.s3torch:lazy", source="s3"),
        Candidate(name="datasets, streaming", call="loaders.stock:lazy", source="s3"),
        Candidate(name="litData, raw files", call="loaders.litdata_raw:lazy", source="s3"),
        Candidate(name="WebDataset", cannot="cannot: needs a conversion to tar shards first"),
        Candidate(name="MosaicML Streaming", cannot="cannot: needs a conversion to MDS first"),
        ours("", f"{OURS}:lazy"),
        ours(", streaming", f"{OURS}:streamed"),
        ours(", own transform", f"{OURS}:lazy", job=OWN),
        ours(", streaming, own transform", f"{OURS}:streamed", job=OWN),
    ),
)


def waits(name: str, job: dict[str, Any], *, slow: bool) -> tuple[Candidate, ...]:
    """The same loader without a network, and at two latencies, in epochs of which the beginning is a small part."""
    job = job | {"passes": 5}
    near, call = f"{name}, the same bucket on disk", f"{OURS}:lazy"
    return (
        ours(near, call, job=job, source="disk", against=f"vton-hf{near}", slow=slow),
        ours(f"{name}, {NOW}", call, job=job, latency=0.02, against=f"vton-hf{near}", slow=slow),
        ours(f"{name}, {LATE}", call, job=job, latency=0.1, against=f"vton-hf{near}", slow=slow),
    )


WAIT = Row(
    name="lazy-wait",
    title="What the network costs an epoch from S3, each triplet five times",
    unit="triplets/s",
    reference="vton-hf, the same bucket on disk",
    candidates=waits("", {}, slow=True) + waits(", own transform", OWN, slow=False),
)
CACHED = Row(
    name="cached",
    title="An epoch from local disk, original PNG",
    unit="triplets/s",
    reference="datasets",
    candidates=from_disk("original", 1),
)
FAST = ours(
    ", own transform, png-fast",
    f"{OURS}:cached",
    convert=f"{OURS}:convert",
    source="disk",
    job={"form": "png-fast", "epochs": 4, **OWN},
)
PREPARED = tuple(
    Row(
        name=f"prepared-{form}",
        title=f"An epoch from local disk, prepared at 512x512 {label}",
        unit="triplets/s",
        reference="train.common.dataset",
        candidates=(SEED, *from_disk(form, epochs), *more),
    )
    for form, label, epochs, more in (("png", "PNG", 2, (FAST,)), ("jpeg", "JPEG q95", 4, ()))
)
START = Row(
    name="start",
    title="First batch of 600,000 triplets",
    unit="s",
    reference="train.common.dataset",
    candidates=(
        Candidate(
            name="train.common.dataset",
            call=f"{STARTING}:seed",
            source="tenth",
            job={"workers": 0},
            note="of 60,000 triplets",
        ),
        *(
            ours(f"{name}, {when}", f"{STARTING}:{call}", source="imagined", **how)
            for name, call in (("", "lazy"), (", streaming", "streamed"))
            for when, how in (
                ("first start", {"job": {"workers": 0}}),
                ("later", {"convert": f"{STARTING}:{call}", "job": {"workers": 0, "extra": {"later": True}}}),
            )
        ),
    ),
)
PLAN = Row(
    name="start-plan",
    title="Plan of an epoch of 10 million rows",
    unit="s",
    reference="",
    candidates=(ours("", "loaders.planning:plan", source="disk"),),
)


def command(*argv: str) -> dict[str, Any]:
    """The job of running a program of the environment."""
    return {"extra": {"argv": list(argv)}}


HELP = Row(
    name="command-help",
    title="Help of a command, CPU time",
    unit="s",
    reference="datasets-cli --help",
    candidates=(
        Candidate(name="datasets-cli --help", call=f"{COMMANDS}:run", job=command("datasets-cli", "--help")),
        ours(" --help", f"{COMMANDS}:run", source="disk", job=command("vton-hf", "--help"), note="at most 0.5"),
        ours(" COMMAND --help, the slowest", f"{COMMANDS}:slowest_help", source="disk", note="at most 0.5"),
    ),
)
IMPORT = Row(
    name="command-import",
    title="An import, CPU time with Python's own start",
    unit="s",
    reference="import datasets",
    candidates=(
        Candidate(name="python, no import", call=f"{COMMANDS}:run", job=command("python", "-c", ""), note="a limit"),
        Candidate(name="import datasets", call=f"{COMMANDS}:run", job=command("python", "-c", "import datasets")),
        ours(
            ", import vton_hf",
            f"{COMMANDS}:run",
            source="disk",
            job=command("python", "-c", "import vton_hf"),
            note="at most 0.1",
        ),
    ),
)
READ = {"extra": {"batches": 40}}
MEMORY = Row(
    name="memory",
    title="The most that a worker holds in an epoch from S3",
    unit="MB",
    reference="train.common.dataset",
    rounds=1,
    candidates=(
        Candidate(
            name="train.common.dataset", call="loaders.memory:seed", source="tenth", job=READ, note="of 60,000 triplets"
        ),
        ours("", "loaders.memory:lazy", source="tenth", job=READ, note="of 60,000 triplets"),
        ours(", ten times as many", "loaders.memory:lazy", source="imagined", job=READ, note="of 600,000 triplets"),
    ),
)
ROWS = (
    HELP,
    IMPORT,
    LIST,
    LAYOUTS,
    SPLITS,
    KEEP,
    SHRINK,
    *INTEGRITY,
    VALIDATE,
    REPORT,
    PAGE,
    SCALE,
    UNITS,
    LAZY,
    WAIT,
    CACHED,
    *PREPARED,
    START,
    PLAN,
    MEMORY,
)
