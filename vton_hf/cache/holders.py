"""What leases say of their processes."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from vton_hf.cache.owners import DAY, Owner


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease.

    Attributes:
        id: Of the process; scratch names hold it.
        host: Its machine, for people.
        owner: The process.
        done: Bytes of objects that it has finished since it began, as its last sign of life says.
        seconds: How long it has been at work, by the same; 0 where it gave none yet.
        time: When it took the lease, in seconds since 1970 by its own clock; for those who clear up.
    """

    id: str
    host: str
    owner: Owner
    done: int = 0
    seconds: float = 0.0
    time: float = 0.0

    def may_live(self) -> bool:
        """Whether it may still be at work: of another machine's process that is believed for a day."""
        return self.owner.may_run(seen=self.time, within=DAY)

    def body(self) -> bytes:
        """What its leases hold."""
        facts = {"id": self.id, "host": self.host, "owner": asdict(self.owner), "time": self.time}
        return json.dumps(facts).encode()

    @classmethod
    def parsed(cls, body: bytes | None) -> "Holder | None":
        """Whose lease this is; None of half a file, as some servers show it, or of another program's."""
        facts = parsed(body)
        try:
            return cls(facts["id"], facts["host"], Owner(**facts["owner"]), time=float(facts["time"]))
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Survey:
    """The leases of a place.

    Attributes:
        living: Names that somebody may be at work on.
        ended: Files of those that ended without being given back.
        gone: Processes that held them.
    """

    living: frozenset[str]
    ended: frozenset[str]
    gone: frozenset[str]


def parsed(body: bytes | None) -> dict[str, Any]:
    """An object of JSON; empty where it is none."""
    try:
        facts = json.loads(body or b"{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
