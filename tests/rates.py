"""How often each check finds what was planted, and how often it is wrong: the table of docs/validate.md.

    python -m tests.rates FOLDER

Writes 200 sound triplets of photographs on which no threshold was chosen, and 12 of each defect, in a minute.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import vton_hf
from tests.planting import (
    GARMENT,
    REPORTED_ON,
    SPOILS,
    TARGET,
    Planted,
    as_files,
    encoded,
    sound,
    spoiled,
    through_jpeg,
    write,
)
from vton_hf.report import CHECKS

SOUND, EACH = 200, 12
ENTITIES = r"^p(?P<person>\d+)_g(?P<garment>\d+)"


def one(job: tuple[Path, str, int]) -> None:
    """Write one triplet."""
    folder, check, index = job
    source = REPORTED_ON[index % len(REPORTED_ON)]
    if check == "sound":
        write(folder, iter([as_files(f"{index:06d}", sound(source, f"{source} {index} rates"))]))
    elif check in SPOILS:
        write(folder, iter([spoiled(check, f"{check}-{index}", REPORTED_ON, "rates")]))
    else:
        write(folder, copies(check, index))


def copies(check: str, index: int) -> Iterator[Planted]:
    """Triplets that share an image with another one."""
    source = REPORTED_ON[index % len(REPORTED_ON)]
    pictures = sound(source, f"{check} {index} rates")
    other = sound(REPORTED_ON[(index + 1) % len(REPORTED_ON)], f"{check} {index} other", pictures[TARGET].size)
    stem, kind = f"{check}-{index}", "shirt"
    stems = {
        "one-garment-many-names": (f"p{index}0_g{index}01_{check}-{index}", f"p{index}1_g{index}02_{check}-{index}-b"),
        "one-name-many-garments": (f"p{index}2_g{index}03_{check}-{index}", f"p{index}3_g{index}03_{check}-{index}-b"),
    }.get(check, (stem, f"{stem}-b"))
    first, second = as_files(stems[0], pictures, kind=kind), as_files(stems[1], other, kind=kind)
    if check == "near-duplicate":
        near = through_jpeg(pictures[TARGET].resize((240, 320)), 85)
        second = second.with_files(**{TARGET: (encoded(near), "png")})
    if check == "exact-duplicate":
        second = second.with_files(**{TARGET: first.files[TARGET]})
    if check == "one-garment-many-names":
        second = second.with_files(**{GARMENT: first.files[GARMENT]})
    yield from (first, second)


COPIED = ("exact-duplicate", "near-duplicate", "one-garment-many-names", "one-name-many-garments")


def main(folder: Path) -> None:
    """Write the bucket unless it is there, and print the table."""
    if not folder.exists():
        jobs = [(folder, "sound", index) for index in range(SOUND)]
        jobs += [(folder, check, index) for check in (*SPOILS, *COPIED) for index in range(EACH)]
        with ProcessPoolExecutor() as pool:
            list(pool.map(one, jobs, chunksize=8))
    found = vton_hf.validate(folder / "dataset_ultimate", cache_dir=f"{folder}-cache", entities=ENTITIES)
    checks, alarms = defaultdict(set), Counter()
    for row in found.findings.to_pylist():
        stem = row["key"].rsplit("/")[-1]
        checks[stem].add(row["check"])
        if stem.isdigit():
            alarms[row["check"], row["severity"]] += 1
    for check in CHECKS:
        stems = [stem for stem in checks if f"{check}-" in stem and not stem.endswith("-b")]
        hits = sum(check in checks[stem] for stem in stems)
        planted = EACH if check in (*SPOILS, *COPIED) else 0
        wrong = ", ".join(f"{count} {severity}s" for (name, severity), count in alarms.items() if name == check)
        print(  # noqa: T201
            f"| `{check}` | {f'{hits} of {planted}' if planted else 'see below'} | {wrong or 0} of {SOUND} |"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
