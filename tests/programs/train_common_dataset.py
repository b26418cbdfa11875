"""The blocks of the description of `train.common.dataset`, run one after the other."""

import json
import sys
import warnings

heard, blocks = json.loads(sys.argv[1])
warnings.simplefilter("error")
for message in heard:
    warnings.filterwarnings("ignore", message=message)

import torch
from torch.utils.data import DataLoader, Dataset


def told(value):
    if isinstance(value, DataLoader):
        return [{name: told(column) for name, column in batch.items()} for batch in value]
    if isinstance(value, torch.Tensor):
        return [*value.shape, str(value.dtype), value.min().item() >= -1 and value.max().item() <= 1]
    if isinstance(value, Dataset):
        shares = value.plan.composition()
        return {
            "class": type(value).__name__,
            "len": len(value),
            "got": {s.difficulty: s.got for s in shares},
            "available": {s.difficulty: s.available for s in shares if s.weight},
        }
    return value


namespace, known = {"torch": torch}, []
for heading, block in blocks:
    exec(compile(block, heading, "exec"), namespace)
    new = {
        name: value
        for name, value in namespace.items()
        if isinstance(value, (Dataset, DataLoader)) and not any(value is old for old in known)
    }
    known += new.values()
    print(json.dumps([heading, {name: told(value) for name, value in new.items()}]))
