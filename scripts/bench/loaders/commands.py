"""Seconds of a core until a command has printed its help, or a module is imported: what a shell waits for each time."""

import resource
import subprocess
import sys
from pathlib import Path

from job import Job

TURNS = 3
COMMANDS = ("scan", "plan", "build", "push", "export", "bench", "demo", "cache")


def run(job: Job) -> dict[str, float]:
    """One command of this environment: `extra["argv"]`."""
    return {"rate": core_seconds(*job.extra["argv"])}


def slowest_help(job: Job) -> dict[str, float]:
    """`vton-hf COMMAND --help`, of every command the slowest."""
    del job
    return {"rate": max(core_seconds("vton-hf", command, "--help") for command in COMMANDS)}


def core_seconds(program: str, *arguments: str) -> float:
    """CPU time of a program of this environment and its children; the least of some turns, after one that compiles."""
    command = [str(Path(sys.executable).parent / program), *arguments]
    taken = []
    for _ in range(1 + TURNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(taken[1:])
