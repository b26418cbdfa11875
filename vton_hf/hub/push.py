"""`push_to_hub`: the mixes as a private dataset that stock `load_dataset` reads."""

from collections.abc import Sequence
from typing import Any

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # a lazy module hides it

from vton_hf.delivery import Delivery, deliver, place_order
from vton_hf.errors import ConfigError
from vton_hf.hub.repository import Repository
from vton_hf.mixing import RECIPES


def push_to_hub(
    repo_id: str,
    *,
    configs: str | Sequence[str] = tuple(RECIPES),
    private: bool = True,
    license: str | None = None,  # noqa: A002 - the card's own word
    token: str | None = None,
    revision: str | None = None,
    commit_message: str | None = None,
    max_shard_size: int | str | None = None,
    dry_run: bool = False,
    **load_options: Any,
) -> Delivery:
    """Push mixes to the Hub: Parquet with the images in it, a card, one commit.

    Who has access loads them with stock `datasets.load_dataset(repo_id, "hard", split="train")`, without this
    package. A push that was interrupted is simply done again: what arrived is not sent twice, and until the last
    moment people load what was there before. Nothing changed means no commit.

    Args:
        repo_id: `"user/name"` or `"organisation/name"`; a private dataset is made where there is none.
        configs: Those to push; others that are there stay.
        private: False makes a new repository public, and allows to push to one that is.
        license: The licence in the card, such as `"cc-by-nc-4.0"`; None keeps the card's, or says `"unknown"`.
        token: By default that of `hf auth login` or `HF_TOKEN`.
        revision: A branch, made if there is none; by default main.
        commit_message: By default it names the configs.
        max_shard_size: Bytes of a file at most, such as `"500MB"`; by default `"2GB"`.
        dry_run: Build nothing, send nothing; say what would be sent.
        **load_options: As for `vton_hf.load`: `s3_prefixes`, `seed`, `num_proc`, `storage_options` ... `split` may
            name several, such as `{"train": "train[:90%]", "validation": "train[90%:]"}`; `embed_images=False`
            sends images straight from the bucket, without a copy in the cache.

    Returns:
        What was pushed, or would be: `print` it. Its `url` is the commit, or None if there was nothing to do.

    Raises:
        ConfigError: If an option makes no sense.
        HubAccessError: If the token is missing, wrong or may not write, or if the repository is public.
        HubUnavailableError: If the Hub does not answer for a minute.
        HubError: If it refuses for another reason.
        VTONError: As for `vton_hf.load`.
    """
    _check_name(repo_id)
    if not isinstance(private, bool):
        raise ConfigError(f"private={private!r} makes no sense. Allowed: True or False.")
    what = place_order(configs, max_shard_size=max_shard_size, **load_options)
    names = ", ".join(builder.config.name for builder in what.builders)
    repository = Repository(
        repo_id,
        token=token,
        private=private,
        revision=revision,
        message=commit_message or f"Push {names}",
        create=not dry_run,
    )
    return deliver(what, repository, license=license, dry_run=dry_run)


def _check_name(repo_id: object) -> None:
    if not isinstance(repo_id, str) or repo_id.count("/") != 1:
        raise ConfigError(
            f"repo_id={repo_id!r} names no namespace. Write 'user/name' or 'organisation/name', such as 'my-team/vton'."
        )
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ConfigError(f"repo_id={repo_id!r} cannot be a name on the Hub: {error}") from None
