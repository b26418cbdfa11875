"""A dataset repository as a destination: who may see it, what is there, one commit for all that is new."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import datasets
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    HFValidationError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # a lazy module hides it

from vton_hf._core.checks import check_bool, must_be
from vton_hf._core.units import number
from vton_hf.errors import ConfigError, HubAccessError, HubError, HubUnavailableError
from vton_hf.exports import card
from vton_hf.exports.destination import CARD, Changes, Destination
from vton_hf.exports.hub.bars import no_bars
from vton_hf.exports.hub.retry import retried

logger = logging.getLogger("vton_hf")

_KIND: Final = "dataset"
_GLANCE: Final = 5.0
"""Seconds that a look at a repository waits for a Hub that does not answer."""

_LOG_IN: Final = "There is no token for the Hub. Log in with `hf auth login`, or set HF_TOKEN."
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Branch:
    """What is pushed to.

    Attributes:
        repo_id: `namespace/name`.
        revision: The branch; None for main.
        message: Of the commit.

    Raises:
        ConfigError: If there can be no such repository.
    """

    repo_id: str
    revision: str | None
    message: str

    def __post_init__(self) -> None:
        if not isinstance(self.repo_id, str) or self.repo_id.count("/") != 1:
            rule = "'user/name' or 'organisation/name', such as 'my-team/vton'"
            raise must_be("repo_id", self.repo_id, rule)
        try:
            validate_repo_id(self.repo_id)
        except HFValidationError as error:
            raise ConfigError(f"repo_id={self.repo_id!r} cannot be a name on the Hub: {error}") from None


class Repository(Destination):
    """A dataset repository on the Hub.

    Args:
        branch: What is pushed to.
        token: None takes the one of `hf auth login` or HF_TOKEN.
        private: Whether one that is made new is private, and one that is public refused.
        create: Make it if it does not exist; else it is only looked at.

    Raises:
        ConfigError: If `private` makes no sense.
    """

    activity = "Pushing"

    def __init__(self, branch: Branch, *, token: str | None, private: bool, create: bool) -> None:
        check_bool("private", private)
        self.name = branch.repo_id
        self._branch = branch
        self._token = token or get_token()
        self._api = HfApi(endpoint=datasets.config.HF_ENDPOINT, token=self._token, library_name="vton-hf")
        self._private = private
        self._create = create
        self._uploaded: dict[str, CommitOperationAdd] = {}
        self._commit_sent = False

    def list_files(self) -> Mapping[str, int]:
        """The files at the branch's head; repository and branch are made if need be.

        Raises:
            HubAccessError: If there is no token, or it may not write; if the repository is public.
            HubError: If the Hub does not answer as it should.
        """
        if not self._create:
            return self._looked_at()
        if self._token is None:
            raise HubAccessError(_LOG_IN)
        self._ask(self._make)
        return self._ask(self._existing)

    def read_card(self) -> str | None:
        """The text of its README.md at the branch's head."""
        return self._ask(lambda: self._card_at(self._head()))

    def check_card(self, text: str) -> None:
        """Let the Hub look at the card's header: it refuses licences, for one, that it does not know.

        Raises:
            HubError: If it does not like it.
        """
        # The public way, `RepoCard.validate`, asks huggingface.co whatever the endpoint in versions before 2.
        self._ask(lambda: self._api._validate_yaml(text, repo_type=_KIND))  # noqa: SLF001

    def upload(self, path: Path, name: str) -> CommitOperationAdd:
        """Upload one file; the Hub keeps it aside until a commit names it."""

        def preupload() -> CommitOperationAdd:
            addition = CommitOperationAdd(path_in_repo=name, path_or_fileobj=path)
            self._api.preupload_lfs_files(self.name, [addition], repo_type=_KIND, revision=self._branch.revision)
            return addition

        addition = self._ask(preupload)
        if addition.path_or_fileobj:
            raise HubError(
                f"{self.name!r} does not keep {name!r} as a large file. Its .gitattributes needs the line "
                f"*{path.suffix} filter=lfs diff=lfs merge=lfs -text, and no .gitignore may name such files."
            )
        return addition

    def note(self, name: str, receipt: Any) -> None:
        """Remember the file for the commit."""
        self._uploaded[name] = receipt

    def commit(self, changes: Changes) -> str | None:
        """Commit all that is new, all that is stale and the card at once, on whatever head there is by then."""
        return self._ask(lambda: self._commit(changes))

    def _commit(self, changes: Changes) -> str | None:
        head = self._head()
        existing, old = self._tree(head), self._card_at(head)
        operations = self._operations(changes, existing, old)
        if not operations:
            # An earlier attempt may have landed though its answer was lost.
            return f"{self._api.endpoint}/datasets/{self.name}/commit/{head}" if self._commit_sent else None
        self._commit_sent = True
        commit = self._api.create_commit(
            self.name,
            operations,
            commit_message=self._branch.message,
            repo_type=_KIND,
            revision=self._branch.revision,
            parent_commit=head,
        )
        return str(commit.commit_url)

    def _operations(self, changes: Changes, existing: Mapping[str, int], old: str | None) -> list[Any]:
        pictures = changes.pictures
        missing = changes.wanted - existing.keys()
        if lost := missing - self._uploaded.keys() - pictures.keys():
            raise HubError(
                f"{number(len(lost), 'file')} missing from {self.name!r} since this push began, such as {min(lost)!r}. "
                f"Push once more."
            )
        text = changes.card(old)
        # Whatever the card names for these configs is replaced; the history keeps it.
        stale = changes.stale(existing, card.data_files(old, changes.configs, destination=self.name))
        return [
            *(self._uploaded[name] for name in sorted(missing & self._uploaded.keys())),
            *(CommitOperationAdd(name, pictures[name]) for name in sorted(missing & pictures.keys())),
            *(CommitOperationDelete(name, is_folder=False) for name in stale),
            *([CommitOperationAdd(CARD, text.encode())] if text != old else []),
        ]

    def _looked_at(self) -> Mapping[str, int]:
        """What is there; nothing where it does not exist, and, with a warning, where nobody can look."""
        why: object = _LOG_IN
        if self._token is not None:
            try:
                return self._ask(self._existing)
            except HubUnavailableError as error:
                why = error
        logger.warning("%s was not looked at, so all counts as new: %s", self.name, why)
        return {}

    def _existing(self) -> dict[str, int]:
        try:
            return self._tree(self._head())
        except (RepositoryNotFoundError, RevisionNotFoundError):
            if self._create:
                raise
            return {}

    def _make(self) -> None:
        """Make what does not exist, and find out before hours of building whether it may be written to."""
        try:
            info = self._api.repo_info(self.name, repo_type=_KIND)
        except RepositoryNotFoundError:
            self._api.create_repo(self.name, repo_type=_KIND, private=self._private, exist_ok=True)
            info = self._api.repo_info(self.name, repo_type=_KIND)
        self._check_visibility(info)
        if self._branch.revision is not None:
            self._api.create_branch(self.name, branch=self._branch.revision, repo_type=_KIND, exist_ok=True)
        # Asks only how this file would be sent; who may not write is not told.
        self._api.preupload_lfs_files(
            self.name, [CommitOperationAdd(CARD, b"---\n---\n")], repo_type=_KIND, revision=self._branch.revision
        )

    def _head(self) -> str | None:
        info = self._api.repo_info(self.name, repo_type=_KIND, revision=self._branch.revision)
        self._check_visibility(info)
        return info.sha

    def _check_visibility(self, info: Any) -> None:
        if self._private and info.private is not True:
            raise HubAccessError(
                f"{self.name!r} is public: everybody could load what is pushed, and private=True counts only for a "
                f"repository that is made new. Make it private in its settings, push to another name, or, if "
                f"everybody may have it, say private=False (--public on the command line)."
            )

    def _tree(self, revision: str | None) -> dict[str, int]:
        try:
            entries = list(self._api.list_repo_tree(self.name, recursive=True, revision=revision, repo_type=_KIND))
        except RemoteEntryNotFoundError:
            return {}
        return {entry.path: entry.size for entry in entries if hasattr(entry, "size")}

    def _card_at(self, revision: str | None) -> str | None:
        try:
            path = self._api.hf_hub_download(self.name, CARD, repo_type=_KIND, revision=revision)
        except RemoteEntryNotFoundError:
            return None
        return card.decoded(Path(path).read_bytes(), destination=self.name)

    def _ask(self, attempt: Callable[[], _Answer]) -> _Answer:
        deadline = None if self._create else _GLANCE
        with no_bars():
            return retried(attempt, repo_id=self.name, token=self._token, deadline=deadline)
