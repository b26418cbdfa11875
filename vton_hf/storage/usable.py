"""Objects that turn out unusable are read again: what a second read does not show was damaged on the way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias, TypeVar

from vton_hf.storage.backend import Listed
from vton_hf.storage.reading import Body
from vton_hf.storage.store import Store

_T = TypeVar("_T")

Source: TypeAlias = tuple[str, str, int | None]
"""URI, ETag and size of an object as they were listed: "" and None where that is not known."""

_ROUNDS: Final = 4
"""Even where 3 in 10 reads of an object without a checksum are damaged, this loses less than 1 in 100."""


def read_sources(store: Store, sources: Sequence[Source], *, always_md5: bool = False) -> list[Body]:
    """Read objects and hold them against what was listed; see `Store.read`."""
    return store.read([uri for uri, _, _ in sources], _listed(sources), always_md5=always_md5)


def use_each(  # noqa: PLR0917 - always given by position
    store: Store,
    groups: Sequence[Sequence[Source]],
    read: Callable[[Sequence[Source]], Sequence[Body]],
    use: Callable[[int, Mapping[str, Body]], _T],
    is_broken: Callable[[_T], bool],
    is_sound: Callable[[bytes], bool],
) -> list[_T]:
    """Read groups of objects, and make something of each.

    Args:
        store: Where the objects lie.
        groups: The objects that are used together.
        read: Gets all of them, for the first time.
        use: Makes a group's result; gets its number and the bodies of all by URI.
        is_broken: Whether the result says that an image cannot be used.
        is_sound: Whether it is not this one.

    Returns:
        The results, those that are broken made of objects that were read again.

    Raises:
        StorageError: If the store as a whole fails.
    """
    sources = list(dict.fromkeys(chain.from_iterable(groups)))
    bodies = dict(zip((uri for uri, _, _ in sources), read(sources), strict=True))
    results = [use(number, bodies) for number in range(len(groups))]
    for _ in range(_ROUNDS):
        broken = [number for number, result in enumerate(results) if is_broken(result)]
        sources = list(dict.fromkeys(source for number in broken for source in groups[number]))
        again = _read_again(store, [source for source in sources if _is_doubtful(bodies[source[0]], is_sound)], bodies)
        if not again:
            break
        bodies |= again
        for number in broken:
            if any(uri in again for uri, _, _ in groups[number]):
                results[number] = use(number, bodies)
    return results


def _listed(sources: Iterable[Source]) -> dict[str, Listed] | None:
    """As `Store.read` takes it; None if it is known of none."""
    listed = {uri: Listed(size, etag) for uri, etag, size in sources}
    return listed if any(etag or size is not None for size, etag in listed.values()) else None


def _is_doubtful(body: Body, is_sound: Callable[[bytes], bool]) -> bool:
    return isinstance(body, bytes) and not is_sound(body)


def _read_again(store: Store, sources: Sequence[Source], bodies: Mapping[str, Body]) -> dict[str, Body]:
    """Those of the objects that are something else this time."""
    before = {uri: body for uri, _, _ in sources if isinstance(body := bodies[uri], bytes)}
    again = store.read_again(before, _listed(sources))
    return {uri: body for uri, body in again.items() if body != before[uri]}
