"""`push_to_hub`: the mixes as a private dataset that stock `load_dataset` reads."""

from collections.abc import Sequence
from typing import Unpack

from vton_hf._core.options import Config, PushOptions
from vton_hf.exports.hub.repository import Branch, Repository
from vton_hf.exports.result import ExportResult
from vton_hf.exports.run import run_export
from vton_hf.exports.spec import parse_export


def push_to_hub(
    repo_id: str,
    *,
    configs: Config | Sequence[Config] = ("easy", "medium", "hard"),
    private: bool = True,
    license: str | None = None,  # noqa: A002 - the card's own word
    token: str | None = None,
    revision: str | None = None,
    commit_message: str | None = None,
    dry_run: bool = False,
    **options: Unpack[PushOptions],
) -> ExportResult:
    """Push mixes to the Hub: Parquet with the images in it, a card, one commit.

    Stock `datasets.load_dataset(repo_id, "hard", split="train")` reads them. A push that was interrupted is done
    again: what arrived is not sent twice, and until its end people load what was there before.

    Args:
        repo_id: `"user/name"` or `"organisation/name"`; a private dataset is made where there is none.
        configs: Those to push; others that are there stay.
        private: False makes a new repository public, and allows to push to one that is.
        license: The card's, such as `"cc-by-nc-4.0"`; None keeps the one that is there, or says `"unknown"`.
        token: By default that of `hf auth login` or `HF_TOKEN`.
        revision: A branch, made if there is none; by default main.
        commit_message: By default it names the configs.
        dry_run: Build nothing, send nothing; say what would be sent.
        **options: `max_shard_size`, `columns`, `caption` and `format` of `vton_hf.export`, and all of `vton_hf.load`.
            `split` names some of the splits, such as `"test"`, or slices by name, such as `{"train": "train[:90%]"}`;
            None pushes all. `embed_images=False` keeps no copy in the cache.

    Returns:
        What was pushed, or would be: `print` it. Its `commit_url` is None if there was nothing to do.

    Raises:
        VTONError: As for `vton_hf.load`, and a `HubError` if the Hub refuses or does not answer for a minute.
    """
    spec, builders = parse_export(configs, **options)
    branch = Branch(repo_id, revision, message=commit_message or f"Push {', '.join(spec.configs)}")
    repository = Repository(branch, token=token, private=private, create=not dry_run)
    return run_export(spec, builders, repository, license=license, dry_run=dry_run)
