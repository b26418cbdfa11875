"""What an evaluation is made of: one item a triplet, how images were brought to size, and a digest of all of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from vton_hf.errors import ConfigError

PROTOCOL: Final = "protocol.json"
GROUND_TRUTH: Final = "ground_truth"
PERSON: Final = "person"
GARMENT: Final = "garment"
FOLDERS: Final = (GROUND_TRUTH, PERSON, GARMENT)

GROUPS: Final = ("difficulty", "gender", "category")
"""What scores are told by, beside all."""

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One triplet of an evaluation.

    Attributes:
        name: Of its files, without their ending, and of the prediction.
        key: The triplet's, see the column `key`.
        difficulty: Of the triplet.
        gender: Empty where nothing says it.
        category: A layout's or a table's; empty where nothing says it.
        unpaired: The name of the triplet whose garment this person is given in the unpaired setting; None if the group
            has no other.
        pixels: SHA-256 of the pixels (uint8 [H, W, 3]) of ground truth, person and garment.
    """

    name: str
    key: str
    difficulty: str
    gender: str
    category: str
    unpaired: str | None
    pixels: Mapping[str, str]


@dataclass(frozen=True)
class Protocol:
    """An evaluation, frozen.

    Attributes:
        items: By name.
        image_size: (height, width) in pixels, of all images.
        aspect: How they were brought to it; see `VTONConfig`.
        seed: Of the unpaired garments.
    """

    items: Sequence[Item]
    image_size: tuple[int, int]
    aspect: str
    seed: int

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits of all that decides on scores: items, pixels, pairs, size."""
        return sha256(json.dumps(self._facts(), sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def names(self) -> Mapping[str, Item]:
        """The items by name."""
        return {item.name: item for item in self.items}

    def _facts(self) -> dict[str, Any]:
        how = {"format": _FORMAT, "image_size": list(self.image_size), "aspect": self.aspect, "seed": self.seed}
        return how | {"items": [asdict(item) for item in self.items]}

    def to_json(self) -> str:
        """The same bytes on any machine."""
        return json.dumps({"digest": self.digest} | self._facts(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> "Protocol":
        """Read the protocol of a folder.

        Raises:
            ConfigError: If there is none, or it is not what was written.
        """
        path = folder / PROTOCOL
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            names = [field.name for field in fields(Item)]
            items = [Item(**{name: item[name] for name in names}) for item in facts["items"]]
            height, width = facts["image_size"]
            protocol = cls(items, (height, width), facts["aspect"], facts["seed"])
            recorded = facts["digest"]
        except FileNotFoundError:
            raise ConfigError(
                f"{str(folder)!r} holds no {PROTOCOL}. Make an evaluation with `vton-hf evaluation make DIR PREFIX`, "
                f"and name that folder."
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{str(path)!r} cannot be read ({type(error).__name__}: {error}). Make it anew."
            ) from None
        if protocol.digest != recorded:
            raise ConfigError(
                f"{str(path)!r} was changed: it says that its digest is {recorded}, which is {protocol.digest}. Scores "
                f"by it could not be compared; take the file as it was made, or make it anew."
            )
        return protocol

    def pair_lists(self) -> Mapping[str, str]:
        """The files of pairs by name: person, then garment, both as names of files, in both spellings of the field."""
        paired = "".join(f"{item.name}.png {item.name}.png\n" for item in self.items)
        unpaired = "".join(f"{item.name}.png {item.unpaired}.png\n" for item in self.items if item.unpaired)
        return {
            "test_pairs_paired.txt": paired,
            "test_pairs_unpaired.txt": unpaired,
            "test_pairs.txt": paired,
            "test_unpairs.txt": unpaired,
        }
