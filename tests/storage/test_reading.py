"""Reading many objects: what is tried again, what stands in its place, what is raised."""

import logging
import pickle

import pytest

from tests.faults import BUCKET, Body, Drop, FaultServer, Short, Stall, Status, Trickle
from tests.storage.conftest import Faulty
from vton_hf.errors import AccessError, ConfigError, ObjectMissingError, StorageError
from vton_hf.storage.backend import Listed

DENIED = Status(403, "AccessDenied", "User: arn:aws:iam::1:user/x is not authorized")


@pytest.fixture(autouse=True)
def ten_objects(faults: FaultServer) -> None:
    faults.objects |= {f"{number}": b"%d" % number * 50 for number in range(10)}


def uri(number: int) -> str:
    return f"s3://{BUCKET}/{number}"


ALL = [uri(number) for number in range(10)]
BODIES = [b"%d" % number * 50 for number in range(10)]


@pytest.mark.parametrize(
    "trouble",
    [
        Status(503, "SlowDown"),
        Status(503, "ServiceUnavailable"),
        Status(429, "TooManyRequests"),
        Status(400, "RequestTimeout"),
        Status(500, "InternalError"),
        Status(502, "BadGateway"),
        Drop(),
        Short(),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__),
)
def test_only_the_objects_that_failed_are_fetched_again(
    faults: FaultServer, faulty: Faulty, trouble: Status | Drop | Short
) -> None:
    faults.script("3", trouble, trouble)
    faults.script("7", trouble)
    assert faulty().read(ALL) == BODIES
    assert faults.asked() == {str(n): 1 for n in range(10)} | {"3": 3, "7": 2}


def test_retries_are_told_once_a_call(faults: FaultServer, faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(10):
        faults.script(f"{number}", Status(503, "SlowDown"))
    with caplog.at_level(logging.WARNING, "vton_hf"):
        faulty().read(ALL)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("throttled (SlowDown); trying again for up to 20 s.")


@pytest.mark.usefixtures("patience_ends")
def test_an_object_that_stays_broken_stands_in_its_place(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("3", Status(503, "SlowDown"))
    bodies = faulty().read(ALL)
    assert str(bodies[3]) == (
        f"Cannot read {uri(3)}: the store asked to slow down (SlowDown), however often it was tried. "
        f"Lower concurrency=, or raise deadline=."
    )
    assert [*bodies[:3], *bodies[4:]] == [*BODIES[:3], *BODIES[4:]]


@pytest.mark.usefixtures("patience_ends")
def test_an_outage_is_raised(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("*", Status(500, "InternalError"))
    with pytest.raises(StorageError) as caught:
        faulty(concurrency=2).read(ALL)
    assert "the store failed (InternalError), however often it was tried." in str(caught.value)


def test_a_refused_object_stands_in_its_place(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("3", DENIED)
    bodies = faulty().read(ALL)
    assert isinstance(bodies[3], AccessError)
    assert str(bodies[3]) == (
        f"Cannot read {uri(3)}: the store refused (AccessDenied). The credentials need s3:GetObject on bucket "
        f"'bkt' (and kms:Decrypt where it is encrypted with KMS). It said: {DENIED.message}"
    )
    assert faults.asked()["3"] == 1


def test_refusing_many_is_raised_and_a_few_stand_in_their_places(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("*", DENIED)
    with pytest.raises(AccessError, match="s3:GetObject"):
        faulty().read([uri(number) for number in range(16)])
    assert all(isinstance(body, AccessError) for body in faulty().read([uri(number) for number in range(15)]))


def test_wrong_credentials_stop_the_whole_call_at_once(faults: FaultServer, faulty: Faulty) -> None:
    for number in range(2, 10):
        faults.always(f"{number}", Status(403, "ExpiredToken"))
    with pytest.raises(AccessError, match=r"have expired \(ExpiredToken\)"):
        faulty(concurrency=1).read(ALL)
    # One more may set out before it hears of it.
    assert len(faults.requests) <= 4


def test_an_archived_object_stands_in_its_place(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("3", Status(403, "InvalidObjectState"))
    (body,) = faulty().read([uri(3)])
    assert isinstance(body, StorageError)
    assert "it is archived (InvalidObjectState). Restore it" in str(body)


def test_a_body_of_another_length_is_fetched_again(faults: FaultServer, faulty: Faulty) -> None:
    faults.script("3", Body(b"short"), Body(b"shorter"))
    assert faulty().read(ALL, dict.fromkeys(ALL, Listed(50))) == BODIES
    assert faults.asked()["3"] == 3


def test_a_length_that_stays_wrong_stands_in_its_place(faults: FaultServer, faulty: Faulty) -> None:
    bodies = faulty().read(ALL, dict.fromkeys(ALL, Listed(50)) | {uri(3): Listed(123)})
    assert isinstance(bodies[3], StorageError)
    assert str(bodies[3]) == (
        f"Cannot read {uri(3)}: object changed since it was listed: listed 123 bytes, got 50. List the prefix again."
    )
    assert faults.asked()["3"] == 2
    assert bodies[4] == BODIES[4]


@pytest.mark.parametrize("trouble", [Stall(), Trickle()], ids=["stall", "trickle"])
def test_an_answer_that_never_ends_is_cut_at_the_deadline(
    faults: FaultServer, faulty: Faulty, trouble: Stall | Trickle
) -> None:
    faults.always("3", trouble)
    bodies = faulty(timeout=600, deadline=4).read(ALL)
    assert "no complete answer came in time (TimeoutError), however often it was tried." in str(bodies[3])
    assert bodies[9] == BODIES[9]


def test_a_silent_request_is_sent_again_after_the_timeout(faults: FaultServer, faulty: Faulty) -> None:
    faults.script("3", Stall())
    assert faulty(timeout=2).read(ALL) == BODIES
    assert faults.asked()["3"] == 2


def test_errors_survive_pickling(faults: FaultServer, faulty: Faulty) -> None:
    gone = faulty().read([f"s3://{BUCKET}/gone"])[0]
    copy = pickle.loads(pickle.dumps(gone))
    assert type(copy) is ObjectMissingError
    assert str(copy) == str(gone)
    assert copy.__cause__ is None
    assert copy.__context__ is None


def test_a_store_pickles_as_its_settings(faulty: Faulty) -> None:
    store = faulty()
    store.read(ALL)
    copy = pickle.loads(pickle.dumps(store))
    assert copy.settings == store.settings
    assert copy.read(ALL) == BODIES


def test_what_names_no_objects_is_refused(faulty: Faulty) -> None:
    with pytest.raises(ConfigError, match="takes a list of URIs"):
        faulty().read(ALL[0])
    with pytest.raises(ConfigError, match="'bare' is no URI"):
        faulty().read(["bare"])
