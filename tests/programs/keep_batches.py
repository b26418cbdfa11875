"""Batches that are kept with few open files."""

import resource
import sys
import torch
from torch.utils.data import DataLoader
import vton_hf

prefix, folder = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
for strategy, count in (("file_descriptor", 70), ("file_system", 120)):
    torch.multiprocessing.set_sharing_strategy(strategy)
    rows = vton_hf.S3VTONDataset([prefix], image_size=(64, 48), cache_dir=folder, epoch_size=count)
    kept = list(DataLoader(rows, 1, num_workers=2, collate_fn=vton_hf.collate_triplets))
    print(len(kept), len({tuple(batch["cloth_image"].flatten().tolist()) for batch in kept}))
    kept = None
