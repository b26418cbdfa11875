"""Samples into a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from vton_hf.errors import SampleError
from vton_hf.loader.shared_memory import stack_shared
from vton_hf.naming import ROLES


def collate_triplets(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Stack samples, as torch's own collation does, and say clearly why they do not fit together.

    Args:
        samples: Of one of the torch datasets or of a dataset with `set_transform`: images are tensors
            [3, H, W] of one size and dtype.

    Returns:
        Images and companions as tensors [B, 3, H, W], or, where some rows have none, as lists with None; other columns
        as lists of B.

    Raises:
        SampleError: If there is nothing to stack, or images are no tensors or differ in shape.

    Examples:
        >>> samples = [{"cloth_image": torch.zeros(3, 4, 5), "stem": name} for name in ("001", "002")]
        >>> batch = collate_triplets(samples)
        >>> batch["cloth_image"].shape, batch["stem"]
        (torch.Size([2, 3, 4, 5]), ['001', '002'])
    """
    roles = [role for role in ROLES if samples and role in samples[0]]
    if not roles:
        if not samples:
            raise SampleError("No samples to stack: the batch is empty. Were all of it skipped?")
        raise SampleError(
            f"No images to stack: the samples hold {', '.join(samples[0])}. transformers' Trainer drops columns that "
            f"the model's forward does not name, unless TrainingArguments(remove_unused_columns=False)."
        )
    roles = [role for role in roles if all(sample[role] is not None for sample in samples)]
    for role in roles:
        _check_stackable(role, samples)
    roles += [name for name in samples[0] if name not in ROLES and _alike(name, samples)]
    batch: dict[str, Any] = {role: stack_shared([sample[role] for sample in samples]) for role in roles}
    return batch | {name: [sample[name] for sample in samples] for name in samples[0] if name not in roles}


def _alike(name: str, samples: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column holds companions: tensors [3, H, W] of one shape."""
    first = samples[0][name]
    if not isinstance(first, torch.Tensor) or first.ndim != 3:  # noqa: PLR2004
        return False
    return all(isinstance(sample[name], torch.Tensor) and sample[name].shape == first.shape for sample in samples)


def _check_stackable(role: str, samples: Sequence[Mapping[str, Any]]) -> None:
    first = samples[0][role]
    for sample in samples:
        image, stem = sample[role], sample.get("key", sample.get("stem", "?"))
        if not isinstance(image, torch.Tensor):
            raise SampleError(
                f"{role} of {stem!r} is a {type(image).__name__}, not a tensor. Call vton_hf.with_transform(dataset) "
                f"first; a transform of yours has to end with transforms.ToTensor(), or with v2.ToImage() and "
                f"v2.ToDtype(torch.float32, scale=True)."
            )
        if image.shape != first.shape:
            raise SampleError(
                f"{role} of {stem!r} has shape {tuple(image.shape)}, others of its batch {tuple(first.shape)}. "
                f"Bring all to one size with image_size=(height, width) or transforms.Resize((height, width))."
            )
