"""Where units of work run: in this process, in worker processes, on a Ray cluster. What a unit is they do not know."""

from vton_hf.engines.engine import Engine, InProcess, Outcome, Work, WorkerError, tried
from vton_hf.engines.probe import check_probe
from vton_hf.engines.processes import Processes, on_this_machine
from vton_hf.engines.ray_cluster import RayEngine
from vton_hf.engines.run import SetAside, run_units

__all__ = [
    "Engine",
    "InProcess",
    "Outcome",
    "Processes",
    "RayEngine",
    "SetAside",
    "Work",
    "WorkerError",
    "check_probe",
    "on_this_machine",
    "run_units",
    "tried",
]
