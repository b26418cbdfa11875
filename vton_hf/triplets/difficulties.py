"""The difficulty of triplets whose folders do not say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import did_you_mean, must_be, one_of
from vton_hf.naming import DIFFICULTIES


@dataclass(frozen=True)
class DifficultyRules:
    """What is said of folders that do not say it themselves.

    Attributes:
        default: One of `DIFFICULTIES`; None leaves what else nothing says without.
        by_folder: Names of folders in a key, in any case, and the difficulty of what lies below.

    Raises:
        ConfigError: If a value makes no sense.
    """

    default: str | None = None
    by_folder: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.default is not None:
            _check("default_difficulty", self.default)
        if not isinstance(self.by_folder, Mapping):
            raise must_be("difficulty_of", self.by_folder, "{folder: difficulty}, such as {'dresses': 'hard'}, or None")
        for folder, difficulty in self.by_folder.items():
            if not isinstance(folder, str) or not folder or "/" in folder:
                raise must_be("difficulty_of", dict(self.by_folder), "{folder's name, without slashes: difficulty}")
            _check(f"difficulty_of[{folder!r}]", difficulty)

    @classmethod
    def of(cls, default: str | None, by_folder: Mapping[str, str] | None) -> "DifficultyRules":
        """Those of options, of which None says nothing.

        Raises:
            ConfigError: If a value makes no sense.
        """
        return cls(default, {} if by_folder is None else by_folder)

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.by_folder)

    def applied(self, folders: pa.Table) -> pa.Table:
        """Fill in what folders do not say; of several folders with a rule the innermost counts.

        Args:
            folders: With columns `folder`, the path above a role's folder, and `difficulty`, empty where it says none.
        """
        if not self:
            return folders
        silent = np.flatnonzero(pc.equal(folders["difficulty"], "").to_numpy(zero_copy_only=False))
        difficulties = folders["difficulty"].to_pylist()
        for row in silent.tolist():
            difficulties[row] = self._of(folders["folder"][row].as_py())
        place = folders.schema.get_field_index("difficulty")
        return folders.set_column(place, "difficulty", pa.array(difficulties, pa.string()))

    def _of(self, folder: str) -> str:
        known = {name.lower(): difficulty for name, difficulty in self.by_folder.items()}
        for name in reversed(folder.partition("://")[2].lower().split("/")):
            if name in known:
                return known[name]
        return self.default or ""


def _check(name: str, difficulty: object) -> None:
    if difficulty not in DIFFICULTIES:
        hint = did_you_mean(difficulty, DIFFICULTIES).strip() if isinstance(difficulty, str) else ""
        raise must_be(name, difficulty, one_of(DIFFICULTIES), hint)
