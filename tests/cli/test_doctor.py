"""`vton-hf doctor` told apart: each fault on a real server or machine, its line, its next step, and nothing secret."""

import datetime as dt
import importlib.metadata
import itertools
import json
import logging
import resource
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import datasets
import fsspec
import huggingface_hub
import pytest

from tests.bucket import ROOT, Bucket, png, triplet_keys
from tests.fake_hub import Hub, run_python
from tests.faults import BUCKET as FAULTY
from tests.faults import LIST, FaultServer, Status, serve_faults
from tests.python import program
from tests.s3 import BUCKET, MotoS3
from tests.trees import write_tree
from vton_hf import configure
from vton_hf.cli import main
from vton_hf.cli.doctor.machine import OLDEST_PYTHON
from vton_hf.naming import DIFFICULTIES, GENDERS

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STORE = ["credentials", "region", "endpoint", "connection", "clock", "bucket", "listing", "reading", "naming"]
"""What is looked at of S3, in order."""


class Line(NamedTuple):
    mark: str
    found: str
    step: str


class Seen(NamedTuple):
    code: int
    out: str
    err: str

    def lines(self) -> dict[str, Line]:
        """By subject; of a subject with several lines the last."""
        lines: dict[str, Line] = {}
        subject = ""
        for text in self.out.splitlines():
            if text.strip().startswith("-> "):
                mark, found, _ = lines[subject]
                lines[subject] = Line(mark, found, text.strip().removeprefix("-> "))
            elif text[:6].strip() in {"ok", "warn", "FAIL", "skip"} and text[6] != " ":
                subject = text[6:18].strip()
                lines[subject] = Line(text[:4].strip(), text[20:], "")
        return lines

    def of(self, mark: str) -> list[str]:
        """The subjects with a mark."""
        return [subject for subject, line in self.lines().items() if line.mark == mark]


Doctor = Callable[..., Seen]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """Runs the command in this process, as somebody with credentials in the environment and no token of the Hub."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def run(*arguments: object) -> Seen:
        try:
            code = main(["doctor", *map(str, arguments)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Seen(code, *capsys.readouterr())

    yield run
    logging.getLogger("vton_hf").handlers.clear()


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A server that fails as told, as the endpoint of this machine; it holds two triplets."""
    for server in serve_faults():
        for stem in ("001", "002"):
            server.objects |= {key: png(key) for key in triplet_keys("easy", "male", stem).values()}
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


PREFIX = f"s3://{FAULTY}/{ROOT}"


def test_a_sound_bucket_is_all_ok(doctor: Doctor, s3: MotoS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    count = s3.fill(2)
    s3.put(BUCKET, f"{ROOT}easy/notes.txt", b"x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    seen = doctor(f"s3://{BUCKET}/{ROOT}", "--cache-dir", tmp_path)
    lines = seen.lines()
    assert (seen.code, seen.err, seen.of("FAIL"), seen.of("skip")) == (0, "", [], [])
    assert [subject for subject in lines if subject in STORE] == STORE
    assert [lines[subject].mark for subject in STORE] == ["ok"] * len(STORE)
    assert lines["credentials"].found == "key ...MPLE from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    assert lines["region"].found == "us-east-1 (the default)"
    assert lines["endpoint"].found == f"{s3.url} (AWS_ENDPOINT_URL)"
    assert lines["listing"].found == f"allowed; looked at all {count + 1} keys"
    assert lines["reading"].found.count(" PNG of ") == 3
    assert lines["naming"].found == (
        f"{count} of {count + 1} keys fit the layout, 12 complete triplets (easy 4, medium 4, hard 4)"
    )
    assert f" free in {tmp_path}; a build of all needs " in lines["disk"].found
    assert seen.out.splitlines()[-1].startswith("Nothing stands in the way")
    assert "\x1b" not in seen.out


def test_json_says_the_same(doctor: Doctor, faults: FaultServer) -> None:
    faults.always("*", Status(404, "NoSuchBucket"))
    facts = json.loads(doctor(PREFIX, "--json").out)
    assert facts["ok"] is False
    (failed,) = [check for check in facts["checks"] if check["mark"] == "FAIL"]
    assert (failed["of"], failed["subject"]) == (PREFIX, "bucket")
    assert "Check its spelling" in failed["next_step"]
    assert {check["of"] for check in facts["checks"]} == {"this machine", PREFIX, "cache and Hub"}


REFUSALS: dict[str, tuple[Status, str, str, str]] = {
    "no such bucket": (Status(404, "NoSuchBucket"), "bucket", f"'{FAULTY}' does not exist", "Check its spelling"),
    "no right to list": (Status(403, "AccessDenied"), "listing", "refused (AccessDenied)", "need s3:ListBucket"),
    "redirected": (
        Status(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-3"}),
        "region",
        "us-east-1 (the default): bucket 'bkt' lies in another region",
        "Add --region eu-west-3, or set S3_REGION=eu-west-3",
    ),
    "wrong region": (
        Status(400, "AuthorizationHeaderMalformed", extra="<Region>eu-west-3</Region>"),
        "region",
        "the store says 'eu-west-3'",
        "Add --region eu-west-3, or set S3_REGION=eu-west-3",
    ),
    "unknown key": (
        Status(403, "InvalidAccessKeyId"),
        "credentials",
        "the store does not know the access key",
        "Check AWS_ACCESS_KEY_ID",
    ),
    "wrong secret": (
        Status(403, "SignatureDoesNotMatch"),
        "credentials",
        "the secret does not fit",
        "lost or added character",
    ),
    "expired": (Status(400, "ExpiredToken"), "credentials", "have expired (ExpiredToken)", "Fetch new ones"),
    "wrong token": (Status(400, "InvalidToken"), "credentials", "token is not valid", "Check AWS_SESSION_TOKEN"),
    "wrong time": (Status(403, "RequestTimeTooSkewed"), "clock", "too far from the store's", "Set the clock"),
    "unheard of": (Status(418, "Teapot", "I am"), "bucket", "answered Teapot: I am", "documentation of the store"),
    "throttled": (Status(503, "SlowDown"), "bucket", "the store asked to slow down (SlowDown)", "Lower concurrency="),
}
"""What the store answers to everything, which line is red, what it says, and what to do."""


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_is_one_red_line_with_its_next_step(doctor: Doctor, faults: FaultServer, name: str) -> None:
    answer, subject, found, step = REFUSALS[name]
    faults.always("*", answer)
    seen = doctor(PREFIX)
    lines = seen.lines()
    assert (seen.code, seen.of("FAIL")) == (1, [subject])
    assert found in lines[subject].found
    assert step in lines[subject].step
    # All that came before an answer is known, and nothing that comes after it.
    known = [each for each in STORE if each in lines]
    assert [each for each in known if lines[each].mark == "ok"] == [each for each in known if each != subject]
    assert {*STORE[:5]} <= {*known}
    assert lines["the rest"].found.startswith("not looked at: ")
    assert all(each in lines["the rest"].found for each in STORE if each not in lines)
    assert len(faults.requests) <= 3, "nothing is tried for long"


def test_a_public_bucket_that_is_none_asks_for_credentials(doctor: Doctor, faults: FaultServer) -> None:
    faults.always(LIST, Status(403, "AccessDenied"))
    lines = doctor(PREFIX, "--anonymous").lines()
    assert lines["credentials"] == Line("ok", "none: requests are not signed", "")
    assert lines["listing"].step == "The bucket is not public: drop --anonymous, and give credentials."


def test_a_bucket_that_may_be_listed_but_not_read(doctor: Doctor, faults: FaultServer) -> None:
    for key in faults.objects:
        faults.always(key, Status(403, "AccessDenied", "not for you"))
    seen = doctor(PREFIX)
    assert seen.of("FAIL") == ["reading"]
    line = seen.lines()["reading"]
    assert "(initial_image, cloth_image, try_on_image): the store refused (AccessDenied)" in line.found
    assert "s3:GetObject" in line.step
    assert seen.out.count("FAIL  reading") == 1, "one right that is missing is one line"
    assert seen.lines()["naming"].mark == "ok"


def test_an_object_that_is_no_image(doctor: Doctor, faults: FaultServer) -> None:
    keys = [key for key in faults.objects if "/cloth_image/" in key]
    faults.objects |= dict.fromkeys(keys, b"version https://git-lfs.github.com/spec/v1\n")
    seen = doctor(PREFIX)
    assert f"FAIL  reading       {PREFIX}easy/male/cloth_image/00" in seen.out
    assert "_cloth_dress.png: not a PNG, JPEG or WebP image" in seen.out
    assert "a pointer of Git LFS" in seen.out
    assert "-> `vton-hf validate PREFIX` opens all images" in seen.out
    assert seen.code == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3600, "FAIL 60 min behind the store's"), (-3600, "FAIL 60 min ahead of the store's"), (120, "warn 2 min behind")],
)
def test_a_clock_that_is_off_shows_in_the_date_of_any_answer(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch, seconds: int, words: str
) -> None:
    def date(_: object, timestamp: float | None = None) -> str:
        return formatdate((timestamp or time.time()) + seconds, usegmt=True)

    monkeypatch.setattr("tests.faults._Handler.date_time_string", date)
    seen = doctor(PREFIX)
    line = seen.lines()["clock"]
    assert f"{line.mark} {line.found}".startswith(words)
    assert "Set the clock" in line.step
    assert seen.of("FAIL") == (["clock"] if seconds != 120 else [])
    assert seen.lines()["naming"].mark == "ok", "a store that answers all the same is looked at"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def failed_connection(seen: Seen) -> Line:
    assert (seen.code, seen.of("FAIL")) == (1, ["connection"])
    assert seen.of("skip") == ["the rest"]
    assert "clock, bucket, listing, reading and naming, because there is no answer" in seen.lines()["the rest"].found
    return seen.lines()["connection"]


def test_an_endpoint_that_is_down(doctor: Doctor) -> None:
    address = f"127.0.0.1:{free_port()}"
    seen = doctor(f"s3://{BUCKET}/a/", "--endpoint-url", f"http://{address}")
    line = failed_connection(seen)
    assert line.found == f"{address} refuses connections"
    assert line.step == "Start the server, or check host and port of --endpoint-url."
    assert seen.lines()["endpoint"].found == f"http://{address} (--endpoint-url)"
    both = doctor(f"s3://{BUCKET}/a/", "s3://another/b/", "--endpoint-url", f"http://{address}").out
    assert (both.count("FAIL  "), both.count("skip  the rest")) == (1, 2), "a store that is down is asked once"


def test_a_name_that_does_not_resolve(doctor: Doctor) -> None:
    line = failed_connection(doctor(f"s3://{BUCKET}/", "--endpoint-url", "http://no-such-host.invalid"))
    assert line.found == "the name 'no-such-host.invalid' does not resolve"
    assert "getent hosts no-such-host.invalid" in line.step


def test_a_server_that_speaks_no_tls(doctor: Doctor, faults: FaultServer) -> None:
    line = failed_connection(doctor(f"s3://{BUCKET}/", "--endpoint-url", faults.url.replace("http:", "https:")))
    assert "does not speak TLS as it should" in line.found
    assert "write http:// where the server speaks no TLS" in line.step


def test_a_certificate_of_nobody_known(doctor: Doctor, faults: FaultServer, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "server.pem"))
    faults.socket = context.wrap_socket(faults.socket, server_side=True)
    line = failed_connection(doctor(f"s3://{BUCKET}/", "--endpoint-url", faults.url.replace("http:", "https:")))
    assert "the server's certificate was not accepted" in line.found
    assert "AWS_CA_BUNDLE" in line.step


def self_signed(path: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_server_that_takes_connections_and_says_nothing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vton_hf.storage.probe.SILENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = failed_connection(
            doctor(f"s3://{BUCKET}/", "--endpoint-url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        )
    assert line.found == "the endpoint took the connection, and then said nothing for 0.3 s"
    assert line.step.startswith("Look at the server and the proxy: curl -i http://127.0.0.1:")


def test_no_credentials_at_all(doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    seen = doctor(PREFIX)
    assert seen.of("FAIL") == ["credentials"]
    line = seen.lines()["credentials"]
    assert line.found == "no credentials were found"
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in line.step
    assert "add --anonymous" in line.step
    assert faults.requests == []
    assert doctor(PREFIX, "--anonymous").of("FAIL") == []


def test_half_of_the_credentials(doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    line = doctor(PREFIX).lines()["credentials"]
    assert (line.mark, line.step) == ("FAIL", "Set both the key and its secret.")


def test_a_profile_that_does_not_exist(doctor: Doctor, faults: FaultServer, tmp_path: Path) -> None:
    line = doctor(PREFIX, "--profile", "wrok").lines()["credentials"]
    assert line.mark == "FAIL"
    assert line.found.startswith(f"the profile 'wrok' (--profile) is in neither {tmp_path}/aws-config nor ")
    assert line.step == "Check its spelling, or unset it."


def test_it_says_where_everything_was_found(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "aws-credentials").write_text(
        f"[work]\naws_access_key_id = {KEY[:-4]}WORK\naws_secret_access_key = {SECRET}\naws_session_token = t0ken\n"
    )
    (tmp_path / "aws-config").write_text(f"[profile work]\nregion = eu-west-3\nendpoint_url = {faults.url}\n")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    lines = doctor(PREFIX, "--profile", "work").lines()
    where = f"{tmp_path}/aws-credentials, profile 'work', with a session token"
    assert lines["credentials"] == Line("ok", f"key ...WORK from {where}", "")
    assert lines["region"].found == "eu-west-3 (the profile)"
    assert lines["endpoint"].found == f"{faults.url} (the profile)"
    configure(access_key="minioadmin", secret_key="minioadmin", region="eu-west-2", endpoint_url=faults.url)
    seen = doctor(PREFIX)
    assert seen.lines()["credentials"].found == "key ... from vton_hf.configure", "no part of a short one is shown"
    assert seen.lines()["region"].found == "eu-west-2 (vton_hf.configure)"
    assert doctor(PREFIX, "--region", "eu-west-1").lines()["region"].found == "eu-west-1 (--region)"
    monkeypatch.setenv("S3_REGION", "ap-south-1")
    configure(endpoint_url=faults.url)
    configure(region=None, access_key=None, secret_key=None)
    assert doctor(PREFIX).lines()["region"].found == "ap-south-1 (S3_REGION)"


def test_a_region_from_which_requests_are_redirected(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults._Handler._facts", lambda *_: {"x-amz-bucket-region": "eu-west-3"})
    line = doctor(PREFIX).lines()["region"]
    assert line.mark == "warn"
    assert "set S3_REGION=eu-west-3" in line.step


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("easy/male/initial_image/001.png", "001.png: expected STEM_person.png"),
        ("male/initial_image/001_person.png", "no folder of the key is called easy, medium or hard"),
        ("easy/male/initial_images/001_person.png", "is called 'initial_images'. Did you mean 'initial_image'?"),
        ("photos/zebra.png", "zebra.png: it lies in no folder called initial_image, cloth_image, try_on_image"),
    ],
    ids=["name", "difficulty", "role", "nothing"],
)
def test_where_nothing_fits_the_nearest_key_says_why(doctor: Doctor, faults: FaultServer, key: str, words: str) -> None:
    faults.objects = {f"{ROOT}{key}": png(key), f"{ROOT}readme.txt": b"x"}
    seen = doctor(PREFIX)
    line = seen.lines()["naming"]
    assert (seen.code, line.mark) == (1, "FAIL")
    assert line.found.startswith(f"none of 2 keys fits the layout; the nearest: {PREFIX}")
    assert words in line.found
    assert "initial_image/STEM_person.png, cloth_image/STEM_cloth_GARMENT.png" in line.step


@pytest.mark.parametrize("name", ["viton-hd", "catvton", "table"])
def test_other_layouts_are_recognised(doctor: Doctor, faults: FaultServer, name: str) -> None:
    faults.objects = {}
    root = write_tree(name, faults.objects.__setitem__)
    lines = doctor(f"s3://{FAULTY}/{root}").lines()
    naming, reading = lines["naming"], lines["reading"]
    assert reading.mark == "ok"
    if name == "table":
        assert (naming.mark, "fit the layout 'table', 4 complete triplets" in naming.found) == ("ok", True)
    else:
        assert (naming.mark, f"of no difficulty, in layout {name!r} (" in naming.found) == ("warn", True)
        assert "--default-difficulty easy" in naming.step


def test_incomplete_triplets(doctor: Doctor, faults: FaultServer) -> None:
    del faults.objects[triplet_keys("easy", "male", "001")["cloth_image"]]
    line = doctor(PREFIX).lines()["naming"]
    assert (line.mark, line.found.partition("; ")[2]) == ("warn", "left out: 2 incomplete")
    assert line.step == f"`vton-hf scan {PREFIX} --list` names each key that is left out, and why."
    folder = f"{PREFIX}easy/male/initial_image/"
    line = doctor(folder).lines()["naming"]
    assert line.mark == "FAIL"
    assert "missing cloth_image, try_on_image" in line.found
    assert "the folder above" in line.step


def test_a_prefix_where_nothing_lies(doctor: Doctor, faults: FaultServer) -> None:
    seen = doctor(f"s3://{FAULTY}/{FAULTY}/{ROOT}")
    assert seen.of("FAIL") == ["listing"]
    line = seen.lines()["listing"]
    assert line.found == f"no object under s3://{FAULTY}/{FAULTY}/{ROOT}"
    assert line.step.startswith(f"'{FAULTY}' stands there twice. Write s3://{FAULTY}/{ROOT}")
    step = doctor(f"s3://{FAULTY}/dataset_ultimat/easy/").lines()["listing"].step
    assert f"The nearest folder that there is, s3://{FAULTY}/, holds dataset_ultimate. Did you mean" in step


def test_a_big_bucket_takes_a_bounded_number_of_requests(doctor: Doctor, faults: FaultServer) -> None:
    image = png("x")
    faults.objects = {}
    stems = itertools.product(DIFFICULTIES, GENDERS, range(300))
    for difficulty, gender, number in stems:
        for garment in ("a", "b"):
            keys = triplet_keys(difficulty, gender, f"{number:04d}", garment)
            faults.objects |= dict.fromkeys(keys.values(), image)
    for number in range(100):
        faults.objects[f"{ROOT}another/{number:03d}/deep/x.txt"] = b"x"
    seen = doctor(PREFIX)
    assert seen.of("FAIL") == []
    assert len(faults.requests) <= 40 + 3
    listing, naming, disk = (seen.lines()[each].found for each in ("listing", "naming", "disk"))
    assert listing.startswith("allowed; looked at the first ")
    assert listing.endswith(" keys, there are more")
    assert "750 complete triplets (easy 250, medium 250, hard 250)" in naming
    assert f"needs {750 * 3 * len(image) / 1e6:.1f} MB at least" in disk


def test_a_disk_that_is_too_small(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage
    little = usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: little if tmp_path in (path, *Path(path).parents) else usage(path)
    )
    seen = doctor(PREFIX, "--cache-dir", tmp_path / "cache")
    assert (seen.code, seen.of("FAIL")) == (1, ["disk"])
    line = seen.lines()["disk"]
    assert line.found.startswith(f"1.0 kB free in {tmp_path}/cache; a build of all needs ")
    assert "--cache-dir DIR" in line.step


def test_a_limit_of_open_files_that_is_low(doctor: Doctor) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (600, hard))
        warned = doctor().lines()["open files"]
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        seen = doctor()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (warned.mark, warned.step) == ("warn", f"ulimit -n {min(hard, 4096)} in this shell, before the command.")
    assert (seen.code, seen.of("FAIL")) == (1, ["open files"])
    assert seen.lines()["open files"].found.startswith("200 a process")


def test_packages_that_do_not_fit(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.0.0" if name == "datasets" else version(name))
    seen = doctor()
    line = seen.lines()["packages"]
    assert (seen.code, line.mark) == (1, "FAIL")
    assert line.found.startswith("datasets 2.0.0; needed: datasets>=")
    assert line.step.startswith("pip install 'datasets>=")


def test_without_torch_it_says_what_torch_is_for(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    seen = doctor()
    assert (seen.code, seen.lines()["torch"].mark) == (0, "warn")
    assert "needed for transforms, torch datasets and bench, not to build" in seen.lines()["torch"].found


def test_torch_that_does_not_fit_torchvision(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    seen = doctor()
    line = seen.lines()["torch"]
    assert (seen.code, line.mark) == (1, "FAIL")
    assert line.found.endswith("cannot be imported: operator torchvision::nms does not exist")
    assert "they must fit together" in line.step


def test_gpus_are_named(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    gpu = SimpleNamespace(name="H200", total_memory=150_000_000_000)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: gpu)
    assert doctor().lines()["torch"].found.endswith("; H200 (150.0 GB), H200 (150.0 GB)")


def test_little_shared_memory(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage
    little = usage("/")._replace(total=64_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: little if str(path) == "/dev/shm" else usage(path))
    line = doctor().lines()["/dev/shm"]
    assert (line.mark, line.found.partition(":")[0]) == ("warn", "64.0 MB")
    assert "--shm-size" in line.step


def test_the_oldest_python_is_that_of_the_package() -> None:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    assert f'requires-python = ">={oldest}"' in (Path(__file__).parents[2] / "pyproject.toml").read_text()


def test_without_a_prefix_it_takes_the_default_bucket_or_the_machine(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = doctor()
    assert (seen.code, seen.of("skip")) == (0, ["stores"])
    assert "no PREFIX was given and S3_BUCKET_NAME is not set" in seen.lines()["stores"].found
    assert faults.requests == []
    monkeypatch.setenv("S3_BUCKET_NAME", FAULTY)
    assert f"\ns3://{FAULTY}/\n" in doctor().out
    assert f"\ns3://{FAULTY}/{ROOT}easy/\n" in doctor(f"{ROOT}easy").out
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    faults.requests.clear()
    assert doctor(PREFIX).lines()["stores"].mark == "warn"
    assert faults.requests == []


def test_of_other_stores_it_looks_at_what_they_have(doctor: Doctor, bucket: Bucket) -> None:
    bucket.fill(1)
    memory = fsspec.filesystem("memory")
    for path in bucket.folder.rglob("*.png"):
        memory.pipe_file(f"/doctor/{path.relative_to(bucket.folder)}", path.read_bytes())
    for prefix in (f"{bucket.folder}/dataset_ultimate", "memory://doctor/dataset_ultimate/"):
        seen = doctor(prefix)
        assert (seen.code, seen.of("FAIL")) == (0, [])
        assert [each for each in STORE if each in seen.lines()] == ["listing", "reading", "naming"]
        assert "18 of 18 keys fit the layout, 6 complete triplets" in seen.lines()["naming"].found
    memory.rm("/doctor", recursive=True)
    assert doctor("memory://doctor/").lines()["listing"].found == "no object under memory://doctor/"
    seen = doctor(bucket.folder / "nowhere")
    assert (seen.code, seen.of("FAIL")) == (1, ["listing"])
    assert seen.lines()["listing"].found == f"no folder {bucket.folder}/nowhere/"
    assert "reading and naming, because no key is known" in seen.lines()["the rest"].found
    seen = doctor("odd://bucket/")
    assert (seen.code, seen.lines()["listing"].mark) == (1, "FAIL")
    assert "odd:// cannot be opened" in seen.lines()["listing"].found


@pytest.fixture
def online(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A Hub that this process may ask."""
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    return hub


def test_the_hub_says_whose_the_token_is_and_what_it_may(
    doctor: Doctor, online: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(token: str) -> tuple[int, Line]:
        monkeypatch.setenv("HF_TOKEN", token)
        seen = doctor()
        assert not token or token not in seen.out + seen.err
        return seen.code, seen.lines()["Hub"]

    assert told(online.token("ann")) == (0, Line("ok", "ann, by the token from HF_TOKEN, which may write", ""))
    code, line = told(online.token("ben", role="read"))
    assert (code, line.mark, line.found) == (
        0,
        "warn",
        "ben, by the token from HF_TOKEN, which may not write (role 'read')",
    )
    assert "role 'write'" in line.step
    code, line = told("hf_wrong")
    assert (code, line.mark, line.found) == (1, "FAIL", "the Hub does not accept the token from HF_TOKEN")
    assert "hf auth login" in line.step
    online.fault("GET", "whoami", status=503, times=None)
    code, line = told(online.token("cid"))
    assert (code, line.mark) == (0, "warn")
    assert f"{online.url} does not answer as it should (status 503)" in line.found
    monkeypatch.delenv("HF_TOKEN")
    seen = doctor()
    assert (seen.code, seen.lines()["Hub"].mark) == (0, "warn")
    assert "no token; needed for vton-hf push alone" in seen.lines()["Hub"].found


@pytest.mark.parametrize(("right", "mark"), [("repo.write", "ok"), ("repo.content.read", "warn")])
def test_a_token_with_fine_grained_rights(
    doctor: Doctor, online: Hub, monkeypatch: pytest.MonkeyPatch, right: str, mark: str
) -> None:
    scope = {"entity": {"type": "org", "name": "my-team"}, "permissions": [right]}
    token = {"role": "fineGrained", "fineGrained": {"scoped": [scope]}}
    answer = {"name": "ann", "auth": {"accessToken": token}}
    monkeypatch.setattr(huggingface_hub.HfApi, "whoami", lambda _: answer)
    monkeypatch.setenv("HF_TOKEN", "hf_fine")
    line = doctor().lines()["Hub"]
    assert line.mark == mark
    assert ("may write to the repositories of my-team" in line.found) is (mark == "ok")


def test_a_hub_that_says_nothing_is_not_waited_for(
    doctor: Doctor, online: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", online.token("ann"))
    monkeypatch.setattr("vton_hf.cli.doctor.hub._PATIENCE", 0.2)
    hold = online.hold("GET", "whoami")
    line = doctor().lines()["Hub"]
    hold.release()
    assert (line.mark, "does not answer as it should (TimeoutError)" in line.found) == ("warn", True)


def test_offline_the_hub_is_not_asked(doctor: Doctor, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    line = doctor().lines()["Hub"]
    assert line == Line("ok", "a token from HF_TOKEN; not asked whose, because HF_HUB_OFFLINE is set", "")
    assert hub.requests == []


def test_a_process_of_its_own_ends_with_one(hub: Hub, faults: FaultServer, tmp_path: Path) -> None:
    environment = hub.environment("hf_wrong", tmp_path) | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    done = run_python(program("vton_hf_command"), environment | {"AWS_ENDPOINT_URL": faults.url}, "doctor", PREFIX)
    seen = Seen(done.returncode, done.stdout, done.stderr)
    assert (seen.code, seen.err, seen.of("FAIL")) == (1, "", ["Hub"])
    assert done.stdout.splitlines()[-1].startswith("1 FAIL, ")


def test_nothing_secret_is_shown(
    doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, token = "FileSecretOnly/0123456789", "FileTokenOnly0123456789"
    (tmp_path / "aws-credentials").write_text(
        f"[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {mine}\naws_session_token = {token}\n"
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    fsspec.filesystem("memory").pipe_file("/ann:hunter2@doctor/zebra.png", b"x")
    prefixes = [PREFIX, "odd://ann:hunter2@127.0.0.1/x/", "memory://ann:hunter2@doctor/"]
    said = []
    for places in (list(faults.objects), [LIST]):  # the second keeps the first from being asked for
        for code, status in {"AccessDenied": 403, "SignatureDoesNotMatch": 403, "Odd": 418}.items():
            for place in places:
                faults.always(place, Status(status, code, f"{KEY} {mine} {token} {SECRET}"))
            said += [doctor(*prefixes, "--profile", "work", *more) for more in ((), ("--json",))]
            assert code in said[-1].out
    said.append(doctor(PREFIX, "--endpoint-url", "http://ann:hunter2@127.0.0.1:1"))
    assert said[-1].code == 2
    for secret in (KEY, mine, token, SECRET, "hunter2"):
        assert [text for seen in said for text in seen if secret in str(text)] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--endpoint-url", "x"], "--endpoint-url must be http://HOST or https://HOST, got 'x'."),
        (["dataset_ultimate/"], "'dataset_ultimate/' is a key, and no bucket is known."),
        (["https://b.s3.eu-west-1.amazonaws.com/x"], "is a web address. Write s3://b/x"),
    ],
)
def test_arguments_that_are_not_allowed(doctor: Doctor, arguments: list[str], message: str) -> None:
    seen = doctor(*arguments)
    assert (seen.code, seen.out) == (2, "")
    assert message in seen.err


def test_colours_on_a_terminal_alone(doctor: Doctor, faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    faults.always("*", Status(404, "NoSuchBucket"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = doctor(PREFIX).out
    assert "\x1b[32mok  \x1b[0m  Python" in shown
    assert "\x1b[33mwarn\x1b[0m  Hub" in shown
    assert "\x1b[1;31mFAIL\x1b[0m  bucket" in shown
    assert "\x1b" not in doctor(PREFIX, "--json").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in doctor(PREFIX).out
