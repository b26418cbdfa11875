"""A dataset repository as a place to deliver to: who may see it, what is there, one commit for all that is new."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import datasets
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HFValidationError, RemoteEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # a lazy module hides it

from vton_hf.delivery import Card
from vton_hf.errors import ConfigError, HubAccessError, HubError
from vton_hf.hub.patience import patiently

_CARD: Final = "README.md"
_KIND: Final = "dataset"
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
            raise ConfigError(
                f"repo_id={self.repo_id!r} names no namespace. Write 'user/name' or 'organisation/name', such as "
                f"'my-team/vton'."
            )
        try:
            validate_repo_id(self.repo_id)
        except HFValidationError as error:
            raise ConfigError(f"repo_id={self.repo_id!r} cannot be a name on the Hub: {error}") from None


class Repository:
    """A `delivery.Target`.

    Args:
        branch: What is pushed to.
        token: None takes the one of `hf auth login` or HF_TOKEN.
        private: Whether one that is made new is private, and one that is public refused.
        create: Make it if it does not exist.

    Raises:
        ConfigError: If `private` makes no sense.
    """

    doing = "Pushing"
    scratch: Path | None = None
    keeps_scratch = False

    def __init__(self, branch: Branch, *, token: str | None, private: bool, create: bool) -> None:
        if not isinstance(private, bool):
            raise ConfigError(f"private={private!r} makes no sense. Allowed: True or False.")
        self.place = branch.repo_id
        self._branch = branch
        self._token = token or get_token()
        self._api = HfApi(endpoint=datasets.config.HF_ENDPOINT, token=self._token, library_name="vton-hf")
        self._private = private
        self._create = create
        self._sent: dict[str, CommitOperationAdd] = {}
        self._asked_to_commit = False

    def present(self) -> Mapping[str, int]:
        """The files at the branch's head; the repository is made if need be.

        Raises:
            HubAccessError: If there is no token, or it may not write; if the repository is public.
            HubError: If the Hub does not answer as it should.
        """
        if self._token is None:
            raise HubAccessError("There is no token for the Hub. Log in with `hf auth login`, or set HF_TOKEN.")
        if not self._ask(self._exists):
            return {}
        return self._ask(lambda: self._tree(self._head()))

    def read_card(self) -> str | None:
        """The text of its README.md at the branch's head."""
        return self._ask(lambda: self._card_at(self._head()))

    def send(self, file: Path, name: str) -> None:
        """Upload one file; the Hub keeps it aside until a commit names it."""

        def upload() -> CommitOperationAdd:
            addition = CommitOperationAdd(path_in_repo=name, path_or_fileobj=file)
            self._api.preupload_lfs_files(self.place, [addition], repo_type=_KIND, revision=self._branch.revision)
            return addition

        self._sent[name] = addition = self._ask(upload)
        if addition.path_or_fileobj:
            raise HubError(
                f"{self.place!r} does not keep {name!r} as a large file. Add this line to its .gitattributes: "
                f"*{file.suffix} filter=lfs diff=lfs merge=lfs -text"
            )

    def publish(
        self, card: Card, pictures: Mapping[str, bytes], wanted: set[str], stale: Callable[[str], bool]
    ) -> str | None:
        """Commit all that is new, all that is stale and the card at once, on whatever head there is by then."""
        return self._ask(lambda: self._commit(card, pictures, wanted, stale))

    def _commit(
        self, card: Card, pictures: Mapping[str, bytes], wanted: set[str], stale: Callable[[str], bool]
    ) -> str | None:
        head = self._head()
        there = self._tree(head)
        missing = wanted - there.keys()
        if lost := missing - self._sent.keys() - pictures.keys():
            raise HubError(
                f"{len(lost)} files have gone from {self.place!r} since this push began, such as {min(lost)!r}. "
                f"Push once more."
            )
        operations: list[Any] = [self._sent[name] for name in sorted(missing & self._sent.keys())]
        operations += [CommitOperationAdd(name, pictures[name]) for name in sorted(missing & pictures.keys())]
        operations += [CommitOperationDelete(name, is_folder=False) for name in there if stale(name)]
        old = self._card_at(head)
        text = card(old)
        if text != old:
            operations.append(CommitOperationAdd(_CARD, text.encode()))
        if not operations:
            # An earlier attempt may have landed though its answer was lost.
            return f"{self._api.endpoint}/datasets/{self.place}/commit/{head}" if self._asked_to_commit else None
        self._asked_to_commit = True
        commit = self._api.create_commit(
            self.place,
            operations,
            commit_message=self._branch.message,
            repo_type=_KIND,
            revision=self._branch.revision,
            parent_commit=head,
        )
        return str(commit.commit_url)

    def _exists(self) -> bool:
        """Whether there is a repository to write to; made if it should be."""
        try:
            info = self._api.repo_info(self.place, repo_type=_KIND)
        except RepositoryNotFoundError:
            if not self._create:
                return False
            self._api.create_repo(self.place, repo_type=_KIND, private=self._private, exist_ok=True)
            info = self._api.repo_info(self.place, repo_type=_KIND)
        self._check_visibility(info)
        if self._branch.revision is not None:
            self._api.create_branch(self.place, branch=self._branch.revision, repo_type=_KIND, exist_ok=True)
        # Asks only how this file would be sent: who may not write learns so before hours of building.
        self._api.preupload_lfs_files(
            self.place, [CommitOperationAdd(_CARD, b"---\n---\n")], repo_type=_KIND, revision=self._branch.revision
        )
        return True

    def _head(self) -> str | None:
        info = self._api.repo_info(self.place, repo_type=_KIND, revision=self._branch.revision)
        self._check_visibility(info)
        return info.sha

    def _check_visibility(self, info: Any) -> None:
        if self._private and info.private is False:
            raise HubAccessError(
                f"{self.place!r} is public: everybody could load what is pushed, and private=True counts only for a "
                f"repository that is made new. Make it private in its settings, push to another name, or, if "
                f"everybody may have it, say private=False (--public on the command line)."
            )

    def _tree(self, revision: str | None) -> dict[str, int]:
        try:
            entries = list(self._api.list_repo_tree(self.place, recursive=True, revision=revision, repo_type=_KIND))
        except RemoteEntryNotFoundError:
            return {}
        return {entry.path: entry.size for entry in entries if hasattr(entry, "size")}

    def _card_at(self, revision: str | None) -> str | None:
        try:
            path = self._api.hf_hub_download(self.place, _CARD, repo_type=_KIND, revision=revision)
        except RemoteEntryNotFoundError:
            return None
        return Path(path).read_bytes().decode("utf-8")

    def _ask(self, attempt: Callable[[], _Answer]) -> _Answer:
        return patiently(attempt, repo_id=self.place, token=self._token)
