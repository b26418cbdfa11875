"""Where a run's candidates work: environments, data, stores; what is missing is made at first use."""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from job import BUCKET, Job
from runner import Candidate, run_process
from store.index import imagined, make_index, objects_in
from store.server import Endpoint, require_nginx, serve

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".bench"
FOLDERS = 6  # difficulties times genders
IMAGINED = 100_000  # triplets a folder: 600,000, and 1.8 million keys


class Environment:
    """Runs loaders.

    Args:
        count: Triplets for each difficulty and gender.
        latency: Seconds to a first byte.
        stack: Ends the stores.
    """

    def __init__(self, count: int, latency: float, stack: ExitStack) -> None:
        self.triplets = count * FOLDERS
        self._count, self._latency, self._stack = count, latency, stack
        self._stores: dict[tuple[str, float], Endpoint] = {}
        require_nginx()
        self._data = self._drawn("png")
        subprocess.run(f"find '{self._data}/' -type f -exec cat {{}} + >/dev/null", shell=True, check=True)  # noqa: S602

    def measure(self, one: Candidate, first: bool) -> dict[str, Any]:
        """Run one candidate; before its first turn, what it needs is made."""
        job = self._job(one)
        if one.convert and first:
            if not (job.folder / "complete").exists() or one.ours:
                subprocess.run(["rm", "-rf", job.made], check=True)  # noqa: S603, S607
                job.folder.mkdir(parents=True)
                made = self._call(one, one.convert, job)
                (job.folder / "complete").write_text(str(made["seconds"]))
            subprocess.run(f"find '{job.made}/' -type f -exec cat {{}} + >/dev/null", shell=True, check=True)  # noqa: S602
        elif not one.convert:
            subprocess.run(["rm", "-rf", job.made], check=True)  # noqa: S603, S607
            job.folder.mkdir(parents=True)
        figures = self._call(one, one.call, job)
        if one.convert:
            figures["convert_seconds"] = float((job.folder / "complete").read_text())
        return figures

    def _job(self, one: Candidate) -> Job:
        said = dict(one.job)
        form = said.get("form", "original")
        known: dict[str, Any] = {"triplets": self.triplets if one.source in {"s3", "disk"} else 0}
        known["made"] = str(
            HOME / "made" / str(self._count) / "-".join([one.call.replace(":", "-"), form, *said.get("extra", {})])
        )
        known["bucket"] = str(self.images("original" if one.ours else form))
        if one.source != "disk":
            known["endpoint"] = self._store(one.source, one.latency or self._latency).url
        return Job(**(known | said))

    def images(self, form: str) -> Path:
        """The folder with the images in a form."""
        if form == "original":
            return self._data / BUCKET
        folder = self._data / form
        if not folder.exists():
            print(f"Making the images as 512x512 {form} (once) ...", flush=True)
            self._run("resize_images.py", str(self._data / BUCKET), str(folder), form)
        return folder

    def _drawn(self, suffix: str) -> Path:
        """The folder with the bucket of photographs."""
        folder = HOME / "data" / (str(self._count) if suffix == "png" else f"{self._count}-{suffix}")
        if not (folder / BUCKET).exists():
            print(f"Drawing {3 * self.triplets} images (once) ...", flush=True)
            self._run("photos.py", str(folder / BUCKET), str(self._count), suffix)
        return folder

    def _store(self, kind: str, latency: float) -> Endpoint:
        if (kind, latency) not in self._stores:
            if kind in {"s3", "s3-jpeg"}:
                data = self._data if kind == "s3" else self._drawn("jpg")
                index = make_index(data / "index-md5.xml", lambda: objects_in(data / BUCKET))
                store = serve(data, index, latency)
            else:
                image = min((self._data / BUCKET).rglob("*.png"))  # the same whatever the count
                size = image.stat().st_size
                count = IMAGINED if kind == "imagined" else IMAGINED // 10
                index = make_index(HOME / "data" / f"{kind}-{size}.xml", lambda: imagined(count, size))
                store = serve(self._data, index, latency, otherwise=f"/{image.relative_to(self._data)}")
            self._stores[kind, latency] = self._stack.enter_context(store)
        return self._stores[kind, latency]

    def _call(self, one: Candidate, call: str, job: Job) -> dict[str, Any]:
        return run_process(_python(mds=one.mds), call, job.dumps(), log=HOME / "log.txt", environment=environment())

    def _run(self, script: str, *arguments: str) -> None:
        subprocess.run([_python(), HERE / script, *arguments], check=True)  # noqa: S603 - our own scripts


def _python(*, mds: bool = False) -> Path:
    return HOME / ("venv-mds" if mds else "venv") / "bin" / "python"


def environment() -> dict[str, str]:
    """What candidates find in theirs: any key opens the store, and nobody asks the internet."""
    return {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HF_HOME": str(HOME / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # compiled modules are kept: imports are waited for in every measurement
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
