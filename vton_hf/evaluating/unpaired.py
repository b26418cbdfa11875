"""Which garment each person is given in the unpaired setting: by the seed, within a group, and never their own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from vton_hf._core.digests import digest


def other_garments(
    names: Sequence[str], groups: Sequence[str], garments: Sequence[str], seed: int
) -> Mapping[str, str | None]:
    """Give each person the garment of another triplet of their group, each garment to one.

    Of a group that is sorted by garment, in an order that the seed shuffles, each person takes the garment that stands
    as far on as the commonest garment is often: no other shift is sure to leave nobody with their own.

    Args:
        names: Of triplets, each once, in any order.
        groups: In line with them; garments stay within one.
        garments: In line with them; the same text where it is the same garment.
        seed: Any int.

    Returns:
        By name, the name of the triplet whose garment it is; None where more than half of the group wear the same
        garment as this person, and no other is left.

    >>> other_garments(["a", "b", "c"], ["", "", ""], ["shirt", "dress", "shirt"], seed=0)["b"] in ("a", "c")
    True
    """
    members = defaultdict(list)
    for name, group, garment in zip(names, groups, garments, strict=True):
        members[group].append((digest(f"{seed}\n{garment}"), garment, digest(f"{seed}\n{name}"), name))
    given: dict[str, str | None] = {}
    for group_members in members.values():
        given |= _shifted([(garment, name) for _, garment, _, name in sorted(group_members)])
    return given


def _shifted(ordered: Sequence[tuple[str, str]]) -> dict[str, str | None]:
    often: dict[str, int] = defaultdict(int)
    for garment, _ in ordered:
        often[garment] += 1
    shift, count = max(often.values()), len(ordered)
    others = [ordered[(place + shift) % count] for place in range(count)]
    return {
        name: other if other_garment != garment else None
        for (garment, name), (other_garment, other) in zip(ordered, others, strict=True)
    }
